import { ErrorReason } from "../../../../gen/sluice/common/v1/errors_pb.ts";
import { hasReason } from "../../../lib/rpc/errors.ts";
import type { Engine } from "../../engine/engine.ts";
import { EngineFailure } from "../../engine/engine-failure.ts";
import { extract, type Feed } from "../../engine/extract.ts";
import type { Extraction } from "../../engine/protocol.ts";
import { beforeAbort } from "../../timing/before-abort.ts";
import type { Limit } from "../../timing/limit.ts";
import type { ChunkName, Snapshot, SnapshotRequest } from "../connector.ts";
import { chunksWithEngineFailures } from "../engine-failures.ts";
import type { SnapshotPlan } from "./hold-snapshot.ts";
import type { SqlProcess } from "./sql-process.ts";

/**
 * Opens a snapshot that a session in the source's process holds. If the database locks the tables that the session has
 * read, they can't be altered while it is open.
 */
export async function openSqlSnapshot(
  engine: Engine,
  process: SqlProcess,
  request: SnapshotRequest,
  limit: Limit,
): Promise<Snapshot> {
  const release = new AbortController();
  const lost = new AbortController();
  const planned = Promise.withResolvers<SnapshotPlan>();
  const extractions = new Set<Promise<void>>();
  // The session outlives the call that opens it, so it needs another signal.
  const holding = process.request(
    "holdSnapshot",
    { request, timeoutMs: limit.timeoutMs },
    { signal: release.signal, onPart: planned.resolve },
  );
  // Extractions that run already may still succeed; otherwise they fail with another error.
  holding
    .catch(planned.reject)
    .then(() => Promise.all(extractions))
    .then(() => lost.abort());
  const close = async () => {
    release.abort();
    await Promise.allSettled([holding]);
  };
  try {
    const plan = await beforeAbort(planned.promise, limit.signal);
    return {
      name: plan.name,
      repeatable: false,
      time: plan.time,
      tables: plan.tables.map(({ planned, rowSecurity }) => ({ columns: planned, rowSecurity })),
      chunks: plan.tables.flatMap((table) => table.chunks),
      lost: lost.signal,
      async *extract(chunk, chunkLimit) {
        const { promise: extraction, resolve: end } = Promise.withResolvers<void>();
        extractions.add(extraction);
        try {
          return yield* extractRows(process, engine, request, plan, chunk, chunkLimit);
        } catch (error) {
          // Another session waits to alter the table: ending the snapshot releases its lock.
          if (hasReason(error, ErrorReason.SNAPSHOT_GONE)) release.abort();
          throw error;
        } finally {
          extractions.delete(extraction);
          end();
        }
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function* extractRows(
  process: SqlProcess,
  engine: Engine,
  { format }: SnapshotRequest,
  { name: snapshot, tables }: SnapshotPlan,
  { tableIndex, range }: ChunkName,
  limit: Limit,
): AsyncGenerator<Uint8Array, Extraction> {
  const plan = tables[tableIndex];
  if (!plan) throw new Error(`the snapshot has no table ${tableIndex}`);
  const { reading, columns, table } = plan;
  let rowsSent: number | undefined;
  const feed: Feed = async (inputPath, signal) => {
    const request = { snapshot, table, range, inputPath, timeoutMs: limit.timeoutMs };
    rowsSent = await process.request("readRange", request, { signal });
  };
  const task = { fileName: table.label, reading, rows: undefined, rowBytes: 0, columns, format };
  const whole = async function* () {
    const extraction = yield* extract(engine, { feed }, task, limit);
    if (rowsSent !== undefined && rowsSent !== extraction.rowCount) {
      throw rowsMissing(rowsSent, extraction.rowCount);
    }
    return extraction;
  };
  return yield* chunksWithEngineFailures(`the table ${table.label}`, whole());
}

const rowsMissing = (announced: number, arrived: number) =>
  new EngineFailure(
    "sourceDataInvalid",
    `the source says that it sent ${announced} rows, and sent ${arrived}`,
  );
