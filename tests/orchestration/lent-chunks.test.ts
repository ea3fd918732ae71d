import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Code, createClient } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { type ExtractChunkResponse, ExtractService } from "../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { startGrpcServer } from "../../services/lib/mesh/grpc-server.ts";
import { guard } from "../../services/lib/rpc/guard.ts";
import { createVerifier } from "../../services/lib/rpc/principal.ts";
import { createLog } from "../../services/lib/telemetry/log.ts";
import type { ChunkFile, Snapshot } from "../../services/orchestration/connectors/connector.ts";
import { sourceDataInvalid } from "../../services/orchestration/errors.ts";
import { schedulerOptionsOf } from "../../services/orchestration/executions/scheduler-settings.ts";
import { openLentFolder } from "../../services/orchestration/lent/lent-folder.ts";
import { spoolChunk } from "../../services/orchestration/lent/spool-chunk.ts";
import { closeSnapshot } from "../../services/orchestration/rpc/close-snapshot.ts";
import { extractChunk } from "../../services/orchestration/rpc/extract-chunk.ts";
import { renewSnapshot } from "../../services/orchestration/rpc/renew-snapshot.ts";
import { createFairScheduler } from "../../services/orchestration/scheduling/fair-scheduler.ts";
import { createSnapshots } from "../../services/orchestration/snapshots/snapshots.ts";
import { meshKeys, principal, temporaryFolder, transportAs } from "../lib/test-mesh.ts";
import { failureOf } from "./orchestration.ts";

const content = Buffer.alloc(3 * 1024 * 1024 + 7, "rows ");
const sha256 = createHash("sha256").update(content).digest("hex");
const extraction = { rowCount: 5, columns: [{ name: "id", nullCount: 1, min: "1", max: "9" }] };
const summary = {
  rowCount: 5n,
  columns: [expect.objectContaining({ name: "id", nullCount: 1n, min: "1", max: "9" })],
};

/** A snapshot of one chunk, as a connector opens it. */
const snapshotOf = (chunk: Pick<Snapshot, "extract" | "fileOf">): Snapshot => ({
  name: "prepared",
  repeatable: true,
  time: new Date(),
  tables: [{ columns: [], rowSecurity: undefined }],
  chunks: [{ tableIndex: 0, range: "all", rowCountExpected: 5 }],
  lost: new AbortController().signal,
  async [Symbol.asyncDispose]() {},
  ...chunk,
});

async function* extracted() {
  for (let at = 0; at < content.length; at += 100_000) yield content.subarray(at, at + 100_000);
  return extraction;
}

// biome-ignore lint/correctness/useYield: it must not be called
async function* notExtracted(): ReturnType<Snapshot["extract"]> {
  throw new Error("extracted what lies in a file");
}

type Kind = "lies in a file" | "is extracted" | "fails";

const kinds: Record<Kind, (file: ChunkFile) => Pick<Snapshot, "extract" | "fileOf">> = {
  "lies in a file": (file) => ({ extract: notExtracted, fileOf: async () => file }),
  "is extracted": () => ({ extract: extracted }),
  fails: () => ({
    async *extract() {
      yield content.subarray(0, 1000);
      throw sourceDataInvalid("the file is torn");
    },
  }),
};

/** The extract service on a snapshot, and the folder in which it lends files. */
async function startExtracts(kind: Kind) {
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
  const { snapshotId } = await snapshots.open(who.orgId, async () => snapshotOf(kinds[kind](file)));
  const owned = stack.move();
  return {
    path,
    pathOf: (name: string) => join(lent, `${name}-${sha256}`),
    lentFiles: async () => (await readdir(lent)).filter((name) => name !== "id"),
    close: () => client.closeSnapshot({ snapshotId }),
    extract: (mayLend: boolean, signal = new AbortController().signal) =>
      client.extractChunk({ snapshotId, tableIndex: 0, range: "all", mayLend }, { signal }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Reads the first response of a lending call and leaves the call open. */
async function takeLoan(answers: AsyncIterable<ExtractChunkResponse>) {
  const parts = answers[Symbol.asyncIterator]();
  const [first, second] = [await parts.next(), await parts.next()].map(({ value }) => value?.part);
  if (first?.case !== "file") throw new Error(`not lent but ${first?.case}`);
  expect(first.value).toMatchObject({ sizeBytes: BigInt(content.length), sha256 });
  expect(second).toEqual({ case: "summary", value: expect.objectContaining(summary) });
  return { name: first.value.name, next: () => parts.next() };
}

test.each<Kind>(["lies in a file", "is extracted"])(
  "OK: a chunk that %s is lent until the caller ends the call",
  async (kind) => {
    await using extracts = await startExtracts(kind);
    const enough = new AbortController();
    const { name, next } = await takeLoan(extracts.extract(true, enough.signal));
    expect((await readFile(extracts.pathOf(name))).equals(content)).toBe(true);
    expect(await extracts.lentFiles()).toHaveLength(1);
    enough.abort();
    await expect(next()).rejects.toMatchObject({ code: Code.Canceled });
    await expect.poll(extracts.lentFiles).toEqual([]);
    expect((await readFile(extracts.path)).equals(content)).toBe(true);
  },
);

test("FailedPrecondition: the loan ends with its snapshot", async () => {
  await using extracts = await startExtracts("is extracted");
  const { next } = await takeLoan(extracts.extract(true));
  await extracts.close();
  expect(await failureOf(next())).toMatchObject({
    code: Code.FailedPrecondition,
    reason: "SNAPSHOT_GONE",
  });
  await expect.poll(extracts.lentFiles).toEqual([]);
});

test("OK: loans need no permit: more of them than there are permits are made at once", async () => {
  await using extracts = await startExtracts("is extracted");
  const names = [];
  for (let loan = 0; loan < 5; loan++) names.push((await takeLoan(extracts.extract(true))).name);
  expect(new Set(names).size).toBe(5);
  await extracts.close();
});

test.each<Kind>(["lies in a file", "is extracted"])(
  "OK: the bytes of a chunk that %s come to who does not ask to be lent it",
  async (kind) => {
    await using extracts = await startExtracts(kind);
    const parts = (await Array.fromAsync(extracts.extract(false))).map(({ part }) => part);
    const chunks = parts.flatMap((part) => (part.case === "chunk" ? [part.value] : []));
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
    expect(parts.at(-1)).toEqual({ case: "summary", value: expect.objectContaining(summary) });
  },
);

test("FailedPrecondition: nothing is left of an extraction that fails", async () => {
  await using extracts = await startExtracts("fails");
  expect(await failureOf(Array.fromAsync(extracts.extract(true)))).toMatchObject({
    code: Code.FailedPrecondition,
    reason: "SOURCE_DATA_INVALID",
  });
  expect(await extracts.lentFiles()).toEqual([]);
});

describe("the folder", () => {
  test("OK: what an earlier process lent is gone, and the folder keeps its id", async () => {
    await using folder = await temporaryFolder();
    const file = { path: join(folder.path, "prepared"), sizeBytes: 4, sha256, extraction };
    await writeFile(file.path, "rows");
    const directory = join(folder.path, "lent");
    const before = await (await openLentFolder(directory)).lend(file);
    const after = await (await openLentFolder(directory)).lend(file);
    expect(after?.file.folderId).toBe(before?.file.folderId);
    const left = readFile(join(directory, `${before?.file.name}-${sha256}`));
    await expect(left).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("OK: of a chunk that is too large for it the bytes are answered, each once", async () => {
    await using folder = await temporaryFolder();
    const lent = await openLentFolder(folder.path);
    const spooled = await spoolChunk(lent, extracted(), new AbortController().signal, 250_000);
    if (!("bytes" in spooled)) throw new Error("lent");
    const chunks = [];
    let next = await spooled.bytes.next();
    for (; !next.done; next = await spooled.bytes.next()) chunks.push(next.value);
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
    expect(next.value).toEqual(extraction);
    expect(await readdir(folder.path)).toEqual(["id"]);
  });
});
