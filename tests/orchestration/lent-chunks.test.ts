import { createHash } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ExtractService } from "../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { startGrpcServer } from "../../services/lib/grpc-server.ts";
import { guard } from "../../services/lib/guard.ts";
import { createLog } from "../../services/lib/log.ts";
import { createVerifier } from "../../services/lib/principal.ts";
import type { ChunkFile, Snapshot } from "../../services/orchestration/connectors/connector.ts";
import { createFairScheduler } from "../../services/orchestration/executions/fair-scheduler.ts";
import { schedulerOptionsOf } from "../../services/orchestration/executions/scheduler-settings.ts";
import { openLentFolder } from "../../services/orchestration/lent/lent-folder.ts";
import { extractChunk } from "../../services/orchestration/rpc/extract-chunk.ts";
import { closeSnapshot, renewSnapshot } from "../../services/orchestration/rpc/renew-snapshot.ts";
import { createSnapshots } from "../../services/orchestration/snapshots/snapshots.ts";
import { meshKeys, principal, temporaryFolder, transportAs } from "../lib/test-mesh.ts";

const content = Buffer.alloc(3 * 1024 * 1024 + 7, "rows ");
const sha256 = createHash("sha256").update(content).digest("hex");
const extraction = { rowCount: 5, columns: [{ name: "id", nullCount: 1, min: "1", max: "9" }] };
const summary = {
  rowCount: 5n,
  columns: [expect.objectContaining({ name: "id", nullCount: 1n, min: "1", max: "9" })],
};

/** A snapshot of one chunk, as a connector opens it that has the chunk in a file. */
const snapshotOf = (file: ChunkFile): Snapshot => ({
  name: "prepared",
  repeatable: true,
  time: new Date(),
  tables: [{ columns: [], rowSecurity: undefined }],
  chunks: [{ tableIndex: 0, range: "all", rowCountExpected: 5 }],
  lost: new AbortController().signal,
  // biome-ignore lint/correctness/useYield: it must not be asked
  async *extract() {
    throw new Error("extracted what lies in a file");
  },
  fileOf: async () => file,
  async [Symbol.asyncDispose]() {},
});

/** The extract service over that snapshot, and the folder that it lends files in. */
async function startExtracts() {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder()).path;
  const path = join(folder, "prepared");
  await writeFile(path, content);
  const log = createLog("extracts", { logLevel: "silent" });
  const snapshots = stack.use(createSnapshots({ log }));
  const lent = join(folder, "lent");
  const deps = {
    log,
    snapshots,
    lentFolder: await openLentFolder(lent),
    scheduler: createFairScheduler(schedulerOptionsOf(2)),
    stop: new AbortController().signal,
  };
  const service = guard(ExtractService, {
    planChunks: () => ({}),
    extractChunk: extractChunk(deps),
    renewSnapshot: renewSnapshot(deps),
    closeSnapshot: closeSnapshot(deps),
  });
  const server = stack.use(
    await startGrpcServer({
      listen: "127.0.0.1:0",
      services: [service],
      verifier: createVerifier(meshKeys.publicKeys),
      log,
    }),
  );
  const who = principal();
  const client = createClient(ExtractService, stack.use(transportAs(server.address, who, "staging")));
  const file = { path, sizeBytes: content.length, sha256, extraction };
  const { snapshotId } = await snapshots.open(who.orgId, async () => snapshotOf(file));
  const owned = stack.move();
  return {
    path,
    pathOf: (name: string) => join(lent, `${name}-${sha256}`),
    close: () => client.closeSnapshot({ snapshotId }),
    parts: async (mayLend: boolean) => {
      const parts = client.extractChunk({ snapshotId, tableIndex: 0, range: "all", mayLend });
      return (await Array.fromAsync(parts)).map(({ part }) => part);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test("OK: a chunk that lies in a file is lent, under a name of its own each time", async () => {
  await using extracts = await startExtracts();
  const parts = await extracts.parts(true);
  expect(parts).toEqual([
    { case: "file", value: expect.objectContaining({ sizeBytes: BigInt(content.length), sha256 }) },
    { case: "summary", value: expect.objectContaining(summary) },
  ]);
  const [first] = parts;
  if (first?.case !== "file") throw new Error("not lent");
  expect(await readFile(extracts.pathOf(first.value.name))).toEqual(content);
  const [second] = await extracts.parts(true);
  expect(second?.case === "file" && second.value.name).not.toBe(first.value.name);
});

test("OK: it is lent until the snapshot is given up", async () => {
  await using extracts = await startExtracts();
  const [first] = await extracts.parts(true);
  if (first?.case !== "file") throw new Error("not lent");
  await extracts.close();
  await expect.poll(() => stat(extracts.pathOf(first.value.name)).catch(({ code }) => code)).toBe("ENOENT");
  expect(await readFile(extracts.path)).toEqual(content);
});

test("OK: its bytes come to who does not ask to be lent it", async () => {
  await using extracts = await startExtracts();
  const parts = await extracts.parts(false);
  const chunks = parts.flatMap((part) => (part.case === "chunk" ? [part.value] : []));
  expect(Buffer.concat(chunks).equals(content)).toBe(true);
  expect(parts.at(-1)).toEqual({ case: "summary", value: expect.objectContaining(summary) });
});

test("OK: what an earlier process lent is gone, and the folder keeps its id", async () => {
  await using folder = await temporaryFolder();
  const file = { path: join(folder.path, "prepared"), sizeBytes: 4, sha256, extraction };
  await writeFile(file.path, "rows");
  const directory = join(folder.path, "lent");
  const stays = new AbortController().signal;
  const before = await (await openLentFolder(directory)).lend(file, stays);
  const after = await (await openLentFolder(directory)).lend(file, stays);
  expect(after?.folderId).toBe(before?.folderId);
  const left = stat(join(directory, `${before?.name}-${sha256}`));
  await expect(left).rejects.toMatchObject({ code: "ENOENT" });
});
