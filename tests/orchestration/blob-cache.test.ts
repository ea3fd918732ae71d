import { createHash } from "node:crypto";
import { readdir, readFile, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { fileFingerprint } from "../../services/lib/content/file-fingerprint.ts";
import { openBlobFolder } from "../../services/orchestration/blobs/blob-folder.ts";
import { forFile } from "../lib/for-file.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { createSource, failureOf, query, startOrchestration, type User } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

const sha256Of = (content: string) => createHash("sha256").update(content).digest("hex");
const pathOf = (content: string) => {
  const sha256 = sha256Of(content);
  return join(mesh().folder, "cache", "sha256", sha256.slice(0, 2), sha256);
};

async function cachedSource(user: User, content: string) {
  const fileId = mesh().peers.addFile(user.who, "data.csv", content);
  const sourceId = await createSource(user, "file", { fileId });
  return { fileId, rows: async () => (await query(user, sourceId, "FROM data")).rows, sourceId };
}

test("OK: the bytes are kept by their hash and nothing else is left", async () => {
  const content = "a\nkept\n";
  const { rows } = await cachedSource(mesh().user(), content);
  expect(await rows()).toEqual([["kept"]]);
  expect(await readFile(pathOf(content), "utf8")).toBe(content);
  expect(await readdir(join(mesh().folder, "cache", "drafts"))).toEqual([]);
});

test.each([
  ["truncated", (path: string) => truncate(path, 3)],
  [
    "overwritten with as many bytes",
    (path: string) => writeFile(path, "b\nxxxx overwritten with as many bytes\n"),
  ],
])("OK: a kept file that was %s is fetched again", async (how, damage) => {
  const content = `a\ngood ${how}\n`.padEnd(37, "x");
  const { rows } = await cachedSource(mesh().user(), content);
  const before = await rows();
  await damage(pathOf(content));
  expect(await rows()).toEqual(before);
  expect(await readFile(pathOf(content), "utf8")).toBe(content);
});

test("DataLoss: bytes that do not have the announced hash; nothing is kept", async () => {
  const user = mesh().user();
  const content = "a\nother than announced\n";
  const { fileId, sourceId } = await cachedSource(user, content);
  mesh().peers.corrupt.add(fileId);
  const call = user.executions.executeQuery({ sourceId, sql: "FROM data" });
  expect(await failureOf(call)).toMatchObject({ code: Code.DataLoss, reason: "CONTENT_CORRUPT" });
  await expect(readFile(pathOf(content))).rejects.toMatchObject({ code: "ENOENT" });
  expect(await readdir(join(mesh().folder, "cache", "drafts"))).toEqual([]);
});

test("OK: callers that want the same bytes share one fetch, also when its caller goes away", async () => {
  const user = mesh().user();
  const { fileId, sourceId } = await cachedSource(user, "a\nshared\n");
  const asked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  mesh().peers.beforeBytes = async (id) => {
    if (id !== fileId) return;
    asked.resolve();
    await release.promise;
  };
  const leave = new AbortController();
  const request = { sourceId, sql: "FROM data" };
  const leaver = failureOf(user.executions.executeQuery(request, { signal: leave.signal }));
  await asked.promise;
  const stayers = [1, 2].map(() => query(user, sourceId, "FROM data"));
  leave.abort();
  expect(await leaver).toMatchObject({ code: Code.Canceled });
  release.resolve();
  for (const { rows } of await Promise.all(stayers)) expect(rows).toEqual([["shared"]]);
});

test("Unavailable: storage is not there", async () => {
  await using alone = await startOrchestration({ STORAGE_ADDRESS: "127.0.0.1:1" });
  const user = alone.user();
  const sourceId = await createSource(user, "file", { fileId: crypto.randomUUID() });
  expect(await failureOf(user.catalog.discover({ sourceId }))).toMatchObject({
    code: Code.Unavailable,
    reason: "UPSTREAM_UNAVAILABLE",
    message: "storage does not answer",
  });
});

describe("a folder of storage's that can be read", () => {
  /** Starts an orchestration that reads storage's folder, which contains the content under `name`. */
  async function startBeside(content: string) {
    await using stack = new AsyncDisposableStack();
    const storage = stack.use(await temporaryFolder()).path;
    await writeFile(join(storage, "id"), "the-folder");
    await writeFile(join(storage, "content"), content);
    const beside = stack.use(await startOrchestration({ STORAGE_DIR: storage }));
    const user = beside.user();
    const fileId = beside.peers.addFile(user.who, "data.csv", content);
    const sourceId = await createSource(user, "file", { fileId });
    const fingerprint = fileFingerprint(await stat(join(storage, "content"), { bigint: true }));
    const owned = stack.move();
    return {
      storage,
      cached: join(beside.folder, "cache", "sha256", sha256Of(content).slice(0, 2), sha256Of(content)),
      drafts: () => readdir(join(beside.folder, "cache", "drafts")),
      share: (where: object) =>
        beside.peers.share(fileId, { folderId: "the-folder", path: "content", fingerprint, ...where }),
      rows: async () => (await query(user, sourceId, "FROM data")).rows,
      failure: () => failureOf(user.executions.executeQuery({ sourceId, sql: "FROM data" })),
      fetches: () => beside.peers.fetches(fileId),
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  }
  const content = "a\nbeside\n";

  test("OK: the bytes are copied there, and none come through the mesh", async () => {
    await using beside = await startBeside(content);
    beside.share({});
    expect([await beside.rows(), beside.fetches()]).toEqual([[["beside"]], 0]);
    const [copy, original] = await Promise.all([stat(beside.cached), stat(join(beside.storage, "content"))]);
    // A copy, not a link: changing it must not change storage's file.
    expect(copy.ino).not.toBe(original.ino);
    expect(original.nlink).toBe(1);
  });

  test("OK: the bytes come through the mesh from another folder", async () => {
    await using beside = await startBeside(content);
    beside.share({ folderId: "another-folder" });
    expect([await beside.rows(), beside.fetches()]).toEqual([[["beside"]], 1]);
  });

  test.each([
    [
      "is another file now",
      (storage: string) => writeFile(join(storage, "content"), "a\nother\n"),
      { path: "content" },
    ],
    ["is not there any more", async () => {}, { path: "gone" }],
    [
      "is a link to another",
      (storage: string) => symlink(join(storage, "content"), join(storage, "link")),
      { path: "link" },
    ],
  ])("OK: the bytes come through the mesh when what lies there %s", async (_, change, where) => {
    await using beside = await startBeside(content);
    beside.share(where);
    await change(beside.storage);
    expect([await beside.rows(), beside.fetches()]).toEqual([[["beside"]], 1]);
    expect(await readFile(beside.cached, "utf8")).toBe(content);
    expect(await beside.drafts()).toEqual([]);
  });

  test("Internal: a path that leads out of the folder", async () => {
    await using beside = await startBeside(content);
    beside.share({ path: "../content" });
    expect(await beside.failure()).toMatchObject({ code: Code.Internal });
  });
});

describe("the folder", () => {
  const headerOf = (content: string) => ({ sha256: sha256Of(content), sizeBytes: BigInt(content.length) });
  const writing = (content: string) => (path: string) => writeFile(path, content);

  test("OK: what was used longest ago goes first, what is lent stays", async () => {
    await using temporary = await temporaryFolder();
    const folder = await openBlobFolder(temporary.path, 10);
    const [lent, old, young, next] = ["aaaa", "bbb", "ccc", "dddd"] as const;
    await folder.store(headerOf(lent), writing(lent));
    for (const content of [old, young]) {
      await folder.store(headerOf(content), writing(content));
      folder.giveBack(sha256Of(content));
    }
    await folder.take(headerOf(old));
    folder.giveBack(sha256Of(old));
    await folder.store(headerOf(next), writing(next));
    const kept = await Promise.all([lent, old, young, next].map((content) => folder.take(headerOf(content))));
    expect(kept.map((path) => path !== undefined)).toEqual([true, false, false, true]);
  });

  test("OK: what an earlier process left is used again, its drafts are removed", async () => {
    await using temporary = await temporaryFolder();
    const first = await openBlobFolder(temporary.path, 100);
    const path = await first.store(headerOf("kept"), writing("kept"));
    await writeFile(join(temporary.path, "drafts", "left"), "x");
    const second = await openBlobFolder(temporary.path, 100);
    expect(await second.take(headerOf("kept"))).toBe(path);
    expect(await readdir(join(temporary.path, "drafts"))).toEqual([]);
  });
});
