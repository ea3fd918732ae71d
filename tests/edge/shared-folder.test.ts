import { cp, rename, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSharedFolder } from "../../edge/content/shared-folder.ts";
import { type File, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { fileFingerprint } from "../../services/lib/content/file-fingerprint.ts";
import { principal, temporaryFolder } from "../lib/test-mesh.ts";
import { generated, mib, type Storage, startStorage, upload } from "../storage/fixtures.ts";
import { http1, http2 } from "./lib/raw-http.ts";
import { bearer, orgId, startTestEdge, type TestEdge, userId } from "./lib/test-edge.ts";

/** Text, so that responses can be compared as text. */
const content = generated(3 * mib + 5).toString("hex");
let storage: Storage;
let file: File;
beforeAll(async () => {
  storage = await startStorage();
  file = await upload(storage, principal({ orgId, userId, roles: ["editor"] }), { content });
});
afterAll(() => storage[Symbol.asyncDispose]());

/** An edge that reads this folder directly. */
const edgeOn = (storageDirectory: string): Promise<TestEdge> =>
  startTestEdge({ services: [FileService], upstreams: { storage: storage.address }, storageDirectory });

const path = () => `/api/v1/storage/files/${file.fileId}/content`;

for (const [version, get] of Object.entries({ "HTTP/1.1": http1, "HTTP/2": http2 })) {
  test(`OK: the whole of a file over ${version}`, async () => {
    await using edge = await edgeOn(storage.directory);
    const { status, headers, body } = await get(edge.port, path(), { headers: bearer });
    expect([status, headers["content-length"], headers.etag]).toEqual([
      200,
      String(content.length),
      `"${file.sha256}"`,
    ]);
    expect(body === content).toBe(true);
  });

  test(`OK: a range of it over ${version}`, async () => {
    await using edge = await edgeOn(storage.directory);
    const headers = { ...bearer, range: "bytes=1000-2000999" };
    const answer = await get(edge.port, path(), { headers });
    expect([answer.status, answer.headers["content-range"]]).toEqual([
      206,
      `bytes 1000-2000999/${content.length}`,
    ]);
    expect(answer.body === content.slice(1000, 2_001_000)).toBe(true);
  });
}

test("OK: HEAD answers the headers alone", async () => {
  await using edge = await edgeOn(storage.directory);
  const { status, headers, body } = await http1(edge.port, path(), { method: "HEAD", headers: bearer });
  expect([status, headers["content-length"], body]).toEqual([200, String(content.length), ""]);
});

test("OK: the bytes come through the mesh where the folder is not storage's", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "id"), "00000000-0000-4000-8000-000000000000");
  await using edge = await edgeOn(folder.path);
  const { body } = await http1(edge.port, path(), { headers: bearer });
  expect(body === content).toBe(true);
});

test("OK: and where it is not there", async () => {
  await using edge = await edgeOn(join(storage.directory, "none"));
  const { body } = await http1(edge.port, path(), { headers: bearer });
  expect(body === content).toBe(true);
});

test("Unavailable: the folder holds another file than the one that storage has verified", async () => {
  await using copy = await temporaryFolder();
  await cp(storage.directory, copy.path, { recursive: true });
  await using edge = await edgeOn(copy.path);
  const { status, headers, body } = await http1(edge.port, path(), { headers: bearer });
  expect([status, headers["retry-after"], JSON.parse(body).error.message]).toEqual([
    503,
    "1",
    "the content was moved meanwhile",
  ]);
});

/** The location of a file as storage reports it. */
async function locate(folder: string, name: string) {
  const fingerprint = fileFingerprint(await stat(join(folder, name), { bigint: true }));
  return { path: name, fingerprint };
}

test("Error: a file that ends early is not taken for the whole", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "a"), content);
  await using shared = createSharedFolder(folder.path);
  await using open = await shared.open(await locate(folder.path, "a"));
  await truncate(join(folder.path, "a"), 10);
  const whole = { start: 0, end: content.length };
  await expect(Array.fromAsync(open?.read(whole) ?? [])).rejects.toThrow("a file in a shared folder ends");
  const short = shared.readOnce(await locate(folder.path, "a"), { start: 5, end: 11 });
  await expect(short).rejects.toThrow("a file in a shared folder ends 1 bytes early");
});

test.each(["../a", "sub/../../a", "/etc/hostname", "", "a//b", "a\0b"])(
  "Error: no path leads out of the folder: %j",
  async (path) => {
    await using folder = await temporaryFolder();
    await using shared = createSharedFolder(folder.path);
    const outside = { path, fingerprint: "1-1-1" };
    const refused = "is not a path in a shared folder";
    await expect(shared.open(outside)).rejects.toThrow(refused);
    await expect(shared.readOnce(outside, { start: 0, end: 1 })).rejects.toThrow(refused);
  },
);

test("OK: nothing is read by a symbolic link, nor of a file that is not there", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "a"), content);
  await symlink(join(folder.path, "a"), join(folder.path, "b"));
  await using shared = createSharedFolder(folder.path);
  for (const file of [await locate(folder.path, "b"), { path: "c", fingerprint: "1-1-1" }]) {
    expect(await shared.open(file)).toBeUndefined();
    expect(await shared.readOnce(file, { start: 0, end: 1 })).toBeUndefined();
  }
});

test("OK: a file that took the place of an open one is read, and the one before is not", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a");
  await writeFile(path, "before");
  await using shared = createSharedFolder(folder.path);
  const before = await locate(folder.path, "a");
  expect(String(await shared.readOnce(before, { start: 0, end: 6 }))).toBe("before");
  await writeFile(join(folder.path, "b"), "behind");
  await rename(join(folder.path, "b"), path);
  const behind = await locate(folder.path, "a");
  expect(String(await shared.readOnce(behind, { start: 0, end: 6 }))).toBe("behind");
  expect(await shared.readOnce(before, { start: 0, end: 6 })).toBeUndefined();
});
