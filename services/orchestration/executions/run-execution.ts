import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { outsideCalls } from "../../lib/rpc/call.ts";
import { hasReason } from "../../lib/rpc/errors.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import { newId } from "../../lib/values/ids.ts";
import type { Connector, DataSource } from "../connectors/connector.ts";
import { executionCancelled, sourceNotFound } from "../errors.ts";
import { type Ending, findExecution, insertExecution, moveExecution } from "../execution-repository.ts";
import type { ExecutionRecorder } from "../lineage/execution-recorder.ts";
import { findSource } from "../source-repository.ts";
import { openSource } from "../sources/open-source.ts";
import type { Limit } from "../timing/limit.ts";
import type { TimeLimit } from "../timing/time-limit.ts";
import type { Cancellations } from "./cancellations.ts";
import { startWork, type WorkDeps } from "./start-work.ts";
import type { Unfinished } from "./unfinished.ts";

const timeoutDefaultMs = 30_000;
/** How long a statement may take, in milliseconds. */
const timeoutMaxMs = 5 * 60_000;

/** Dependencies of an execution. */
export type ExecutionDeps = WorkDeps & {
  readonly db: Db;
  readonly log: Logger;
  /** By name, in alphabetical order. */
  readonly connectors: ReadonlyMap<string, Connector>;
  readonly cancellations: Cancellations;
  readonly unfinished: Unfinished;
  readonly recorder: Pick<ExecutionRecorder, "record">;
  /** Written into each execution's row: the process that runs it. */
  readonly processId: string;
};

type Statement = {
  readonly sourceId: string;
  readonly sql: string;
  readonly timeout?: Duration | undefined;
};

/** What the record has of a result. */
type Outcome = {
  readonly columns: readonly { readonly name: string }[];
  readonly rowCount: number;
  readonly truncated: boolean;
};

/** What an execution answered, and its id. */
type Executed<T> = { readonly executionId: string; readonly result: T };

/**
 * Does the work of one statement on a source: with a permit, within its limits, until it is cancelled, and with a record,
 * which decides what is answered. The permit is given back when the work is done.
 */
export async function runExecution<T extends Outcome>(
  deps: ExecutionDeps,
  context: HandlerContext,
  { sourceId, sql, timeout }: Statement,
  work: (source: DataSource, limit: Limit) => Promise<T>,
): Promise<Executed<T>> {
  const scope = scopeOf(context);
  const executionId = newId();
  using cancellation = deps.cancellations.watch(executionId);
  using started = startWork(deps, context, {
    workClass: "interactive",
    subject: "the statement",
    limits: limitsOf(timeout),
    countsWait: true,
    endsEarly: [cancellation.signal],
  });
  const source = await findSource(deps.db, scope, sourceId);
  if (!source) throw sourceNotFound(sourceId);
  await insertExecution(deps.db, scope, { executionId, sourceId, sql, processId: deps.processId });
  const result = await recorded(deps, scope, executionId, started.signal, async () => {
    using admitted = await started.admit();
    return await work(openSource(deps, source), admitted);
  });
  const { userId: creatorUserId, orgId } = scope.principal;
  const { connector } = source;
  const resultColumns = result.columns.map(({ name }) => name);
  deps.recorder.record({ executionId, orgId, creatorUserId, sourceId, connector, sql, resultColumns });
  return { executionId, result };
}

function limitsOf(timeout: Duration | undefined): TimeLimit[] {
  const own: TimeLimit = timeout
    ? { ms: Math.ceil(durationMs(timeout)), setBy: "request" }
    : { ms: timeoutDefaultMs, setBy: "default" };
  return [{ ms: timeoutMaxMs, setBy: "server" }, own];
}

/** Does the work and writes down how it ended, also when the caller has gone. The record decides what is answered. */
function recorded<T extends Outcome>(
  { db, log, unfinished }: ExecutionDeps,
  scope: Scope,
  executionId: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const end = (ending: Ending) =>
    outsideCalls(async () => {
      if (await moveExecution(db, scope, executionId, ending)) return;
      const record = await findExecution(db, scope, executionId);
      if (record?.state === "cancelled") throw executionCancelled(record.errorMessage);
    });
  return unfinished.track(async () => {
    try {
      const result = await work();
      signal.throwIfAborted();
      const { rowCount, truncated } = result;
      await end({ state: "succeeded", rowCount: BigInt(rowCount), truncated });
      return result;
    } catch (error) {
      // What failed because the work had to end is told as that.
      const cause: unknown = signal.aborted ? signal.reason : error;
      await end({ state: stateOf(cause, signal), errorMessage: messageOf(cause) }).catch((err: unknown) => {
        if (hasReason(err, ErrorReason.EXECUTION_CANCELLED)) throw err;
        log.error({ err, executionId }, "not recorded");
      });
      throw cause;
    }
  });
}

/** Cancelled is what was stopped; what ran into an error or a limit failed. */
function stateOf(cause: unknown, signal: AbortSignal): "failed" | "cancelled" {
  const isStopped =
    signal.aborted && cause instanceof ConnectError && [Code.Canceled, Code.Aborted].includes(cause.code);
  return isStopped ? "cancelled" : "failed";
}

/** The words that the caller gets. */
function messageOf(error: unknown): string {
  const isMeant =
    error instanceof ConnectError && error.code !== Code.Internal && error.code !== Code.Unknown;
  return (isMeant && error.rawMessage) || "internal error";
}
