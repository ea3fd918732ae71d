import { ErrorReason } from "../../../../gen/sluice/common/v1/errors_pb.ts";
import { hasReason } from "../../../lib/rpc/errors.ts";
import type { Engine } from "../../engine/engine.ts";
import { EngineFailure } from "../../engine/engine-failure.ts";
import { extract, type Feed } from "../../engine/extract.ts";
import type { Extraction } from "../../engine/protocol.ts";
import { beforeAbort } from "../../timing/before-abort.ts";
import type { Limit } from "../../timing/limit.ts";
import type { ChunkName, Snapshot, SnapshotRequest } from "../connector.ts";
import { piecesWithEngineFailures } from "../engine-failures.ts";
import type { SnapshotPlan } from "./hold-snapshot.ts";
import type { Remote } from "./remote.ts";
import { copyStatement } from "./table-plan.ts";

/**
 * A snapshot that a session in the source's process exports and keeps as long as it is open. Its tables can't be
 * altered meanwhile: the session holds a lock on each, as pg_dump's does.
 */
export async function openDatabaseSnapshot(
  engine: Engine,
  remote: Remote,
  request: SnapshotRequest,
  limit: Limit,
): Promise<Snapshot> {
  const release = new AbortController();
  const lost = new AbortController();
  const planned = Promise.withResolvers<SnapshotPlan>();
  const extractions = new Set<Promise<void>>();
  // The session outlives the call that opens it, so it has a signal of its own.
  const holding = remote.ask("holdSnapshot", (target) => ({ target, request, timeoutMs: limit.timeoutMs }), {
    signal: release.signal,
    onPart: planned.resolve,
  });
  // Sessions that see the snapshot already go on seeing it, or fail with what is wrong with the source.
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
          return yield* extractRows(remote, engine, request, plan, chunk, chunkLimit);
        } catch (error) {
          // Somebody waits to alter the table: with the snapshot goes its lock.
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

/** By a session of its own that sees what the snapshot does. */
async function* extractRows(
  remote: Remote,
  engine: Engine,
  { tables, format }: SnapshotRequest,
  { name: snapshot, tables: plans }: SnapshotPlan,
  { tableIndex, range }: ChunkName,
  limit: Limit,
): AsyncGenerator<Uint8Array, Extraction> {
  const table = tables[tableIndex];
  const plan = plans[tableIndex];
  if (!table || !plan) throw new Error(`the snapshot has no table ${tableIndex}`);
  const fileName = `${table.schemaName}.${table.name}`;
  const statement = copyStatement(plan, range);
  let rowsSent: number | undefined;
  const feed: Feed = async (inputPath, signal) => {
    const copy = { snapshot, table: fileName, statement, inputPath, timeoutMs: limit.timeoutMs };
    rowsSent = await remote.ask("copyRows", (target) => ({ target, ...copy }), { signal });
  };
  const { reading, columns } = plan;
  const task = { fileName, reading, rows: undefined, rowBytes: 0, columns, format };
  const whole = async function* () {
    const extraction = yield* extract(engine, { feed }, task, limit);
    if (rowsSent !== undefined && rowsSent !== extraction.rowCount) {
      throw rowsMissing(rowsSent, extraction.rowCount);
    }
    return extraction;
  };
  return yield* piecesWithEngineFailures(`the table ${fileName}`, whole());
}

const rowsMissing = (announced: number, arrived: number) =>
  new EngineFailure(
    "sourceDataInvalid",
    `the source says that it sent ${announced} rows, and sent ${arrived}`,
  );
