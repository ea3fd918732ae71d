import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { outsideCalls } from "../../lib/rpc/call.ts";
import { hasReason } from "../../lib/rpc/errors.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import { newId } from "../../lib/values/ids.ts";
import type { CachedResults } from "../cache/cached-results.ts";
import type { Connector } from "../connectors/connector.ts";
import { executionCancelled } from "../errors.ts";
import {
  type ExecutionOutcome,
  findExecution,
  insertExecution,
  moveExecution,
  updateExecutionSources,
} from "../execution-repository.ts";
import type { FederationDeps } from "../federation/open-catalog-statement.ts";
import type { ExecutionRecorder } from "../lineage/execution-recorder.ts";
import type { TimeLimit } from "../timing/time-limit.ts";
import type { Cancellations } from "./cancellations.ts";
import { findSubject, type StatementTarget } from "./find-subject.ts";
import type { PendingWork } from "./pending-work.ts";
import { startWork, type Work, type WorkDeps } from "./start-work.ts";

const timeoutDefaultMs = 30_000;
/** Longest timeout of a statement, in milliseconds. */
const timeoutMaxMs = 5 * 60_000;

/** Dependencies of an execution. */
export type ExecutionDeps = WorkDeps &
  FederationDeps & {
    readonly cachedResults: CachedResults;
    readonly log: Logger;
    /** By name, in alphabetical order. */
    readonly connectors: ReadonlyMap<string, Connector>;
    readonly cancellations: Cancellations;
    readonly pendingWork: PendingWork;
    readonly recorder: Pick<ExecutionRecorder, "record">;
    /** Written into each execution's row: the process that runs it. */
    readonly processId: string;
  };

type Statement = {
  /** Empty for a statement over the catalog. */
  readonly sourceId: string;
  /** Namespace of a statement over the catalog; empty for the default. */
  readonly namespace: string;
  readonly sql: string;
  readonly timeout?: Duration | undefined;
};

/** The part of a result that the execution's row keeps. */
type ResultSummary = {
  readonly columns: readonly { readonly name: string }[];
  readonly rowCount: number;
  readonly truncated: boolean;
  /** Default: false. */
  readonly fromCache?: boolean;
};

/** An execution's id and result. */
type Execution<T> = { readonly executionId: string; readonly result: T };

/** Work of an execution in this namespace. It takes a permit before it uses the source. */
type ExecutionWork = Pick<Work, "signal" | "admit"> & { readonly namespace: string };

/**
 * Runs one statement as an execution: with a row, time limits and cancellation. The row decides: once it says
 * cancelled, the call fails even if the work succeeded.
 */
export async function runExecution<T extends ResultSummary>(
  deps: ExecutionDeps,
  context: HandlerContext,
  { sourceId, namespace: namespaceName, sql, timeout }: Statement,
  work: (target: StatementTarget, started: ExecutionWork) => Promise<T>,
): Promise<Execution<T>> {
  const scope = scopeOf(context);
  const executionId = newId();
  using cancellation = deps.cancellations.watch(executionId);
  using started = startWork(deps, context, {
    workClass: "interactive",
    subject: "the statement",
    limits: limitsOf(timeout),
    countsWait: true,
    cancelledBy: [cancellation.signal],
  });
  const subject = await findSubject(deps, scope, { sourceId, namespace: namespaceName, sql });
  const { namespace, connector } = subject;
  const row = { executionId, sourceId: sourceId || null, namespace, sql, processId: deps.processId };
  await insertExecution(deps.db, scope, row);
  const target = subject.targetOf((sourceIds) =>
    updateExecutionSources(deps.db, scope, executionId, sourceIds),
  );
  const result = await recordOutcome(deps, scope, executionId, started.signal, () =>
    work(target, { signal: started.signal, admit: started.admit, namespace }),
  );
  const { userId: creatorUserId, orgId } = scope.principal;
  const resultColumns = result.columns.map(({ name }) => name);
  deps.recorder.record({
    executionId,
    orgId,
    namespace,
    creatorUserId,
    sourceId: sourceId || null,
    connector,
    sql,
    resultColumns,
  });
  return { executionId, result };
}

/** Time limit of a request's statement, in milliseconds. */
export const timeoutMsOf = (timeout: Duration | undefined): number =>
  timeout ? Math.ceil(durationMs(timeout)) : timeoutDefaultMs;

function limitsOf(timeout: Duration | undefined): TimeLimit[] {
  const own: TimeLimit = { ms: timeoutMsOf(timeout), setBy: timeout ? "request" : "default" };
  return [{ ms: timeoutMaxMs, setBy: "server" }, own];
}

/** Runs the work and records its outcome, even after the caller disconnected. */
function recordOutcome<T extends ResultSummary>(
  { db, log, pendingWork }: ExecutionDeps,
  scope: Scope,
  executionId: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const end = (outcome: ExecutionOutcome) =>
    outsideCalls(async () => {
      if (await moveExecution(db, scope, executionId, outcome)) return;
      const row = await findExecution(db, scope, executionId);
      if (row?.state === "cancelled") throw executionCancelled(row.errorMessage);
    });
  return pendingWork.track(async () => {
    try {
      const result = await work();
      signal.throwIfAborted();
      const { rowCount, truncated, fromCache = false } = result;
      await end({ state: "succeeded", rowCount: BigInt(rowCount), truncated, fromCache });
      return result;
    } catch (error) {
      // An error after the abort is a consequence of it: the abort's reason is reported.
      const cause: unknown = signal.aborted ? signal.reason : error;
      await end({ state: stateOf(cause, signal), errorMessage: messageOf(cause) }).catch((err: unknown) => {
        if (hasReason(err, ErrorReason.EXECUTION_CANCELLED)) throw err;
        log.error({ err, executionId }, "not recorded");
      });
      throw cause;
    }
  });
}

/** Work that was stopped from outside is cancelled. Work that met an error or a limit failed. */
function stateOf(cause: unknown, signal: AbortSignal): "failed" | "cancelled" {
  const isStopped =
    signal.aborted && cause instanceof ConnectError && [Code.Canceled, Code.Aborted].includes(cause.code);
  return isStopped ? "cancelled" : "failed";
}

/** The message that the caller receives. */
function messageOf(error: unknown): string {
  const isForCaller =
    error instanceof ConnectError && error.code !== Code.Internal && error.code !== Code.Unknown;
  return (isForCaller && error.rawMessage) || "internal error";
}
