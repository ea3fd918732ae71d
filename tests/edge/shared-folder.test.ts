import { cp, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSharedFolder } from "../../edge/shared-folder.ts";
import { HttpFileSchema } from "../../gen/sluice/common/v1/options_pb.ts";
import { type File, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { fileFingerprint } from "../../services/lib/file-fingerprint.ts";
import { principal, temporaryFolder } from "../lib/test-mesh.ts";
import { generated, mib, type Storage, startStorage, upload } from "../storage/fixtures.ts";
import { http1, http2 } from "./lib/raw-http.ts";
import { bearer, orgId, startTestEdge, type TestEdge, userId } from "./lib/test-edge.ts";

/** Text, so that answers compare as such. */
const content = generated(3 * mib + 5).toString("hex");
let storage: Storage;
let file: File;
beforeAll(async () => {
  storage = await startStorage();
  file = await upload(storage, principal({ orgId, userId, roles: ["editor"] }), { content });
});
afterAll(() => storage[Symbol.asyncDispose]());

/** An edge that reads this folder by itself. */
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

/** What storage says of a file in a folder. */
async function locate(folder: string, name: string, sizeBytes: number) {
  const fingerprint = fileFingerprint(await stat(join(folder, name), { bigint: true }));
  return create(HttpFileSchema, { path: name, fingerprint, sizeBytes: BigInt(sizeBytes) });
}

test("Error: a file that ends early is not taken for the whole", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "a"), content);
  await using open = await createSharedFolder(folder.path).open(
    await locate(folder.path, "a", content.length),
  );
  await truncate(join(folder.path, "a"), 10);
  await expect(Array.fromAsync(open.read())).rejects.toThrow("a file in a shared folder ends");
});

test.each(["../a", "sub/../../a", "/etc/hostname", "", "a//b", "a\0b"])(
  "Error: no path leads out of the folder: %j",
  async (outside) => {
    await using folder = await temporaryFolder();
    const shared = createSharedFolder(folder.path);
    const asked = create(HttpFileSchema, { path: outside, fingerprint: "1-1-1", sizeBytes: 1n });
    await expect(shared.open(asked)).rejects.toThrow("is not a path in a shared folder");
  },
);

test("Unavailable: a symbolic link is not followed", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "a"), content);
  await symlink(join(folder.path, "a"), join(folder.path, "b"));
  const shared = createSharedFolder(folder.path);
  await expect(shared.open(await locate(folder.path, "b", content.length))).rejects.toThrow("was moved");
});
