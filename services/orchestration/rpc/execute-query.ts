import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type MethodImpl } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import type { ExecutionService } from "../../../gen/sluice/orchestration/v1/executions_pb.ts";
import { outsideCalls } from "../../lib/call.ts";
import { hasReason } from "../../lib/errors.ts";
import { type Scope, scopeOf } from "../../lib/guard.ts";
import { newId } from "../../lib/ids.ts";
import type { Query, QueryResult } from "../connectors/connector.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { executionCancelled, sourceNotFound } from "../errors.ts";
import { type Ending, findExecution, insertExecution, moveExecution } from "../execution-repository.ts";
import { startWork, type Work } from "../executions/start-work.ts";
import type { TimeLimit } from "../executions/time-limit.ts";
import { openSource } from "../open-source.ts";
import { toListValue } from "../results/list-value.ts";
import { findSource, type SourceRow } from "../source-repository.ts";

const maxRowsDefault = 1000;
const timeoutDefaultMs = 30_000;
/** How long a statement may take, in milliseconds. */
const timeoutMaxMs = 5 * 60_000;

export const executeQuery =
  (deps: OrchestrationDeps): MethodImpl<typeof ExecutionService.method.executeQuery> =>
  async ({ sourceId, sql, maxRows, timeout }, context) => {
    const scope = scopeOf(context);
    const executionId = newId();
    using cancellation = deps.cancellations.watch(executionId);
    using work = startWork(deps, context, {
      workClass: "interactive",
      subject: "the statement",
      limits: limitsOf(timeout),
      countsWait: true,
      endsEarly: [cancellation.signal],
    });
    const source = await findSource(deps.db, scope, sourceId);
    if (!source) throw sourceNotFound(sourceId);
    await insertExecution(deps.db, scope, { executionId, sourceId, sql, processId: deps.processId });
    const query = { sql, maxRows: maxRows || maxRowsDefault };
    const { columns, rows, truncated } = await recorded(deps, scope, executionId, work.signal, () =>
      runQuery(deps, source, query, work),
    );
    const { userId: creatorUserId, orgId } = scope.principal;
    const { connector } = source;
    const resultColumns = columns.map(({ name }) => name);
    deps.recorder.record({ executionId, orgId, creatorUserId, sourceId, connector, sql, resultColumns });
    return { executionId, columns: [...columns], rows: rows.map(toListValue), truncated };
  };

function limitsOf(timeout: Duration | undefined): TimeLimit[] {
  const own: TimeLimit = timeout
    ? { ms: Math.ceil(durationMs(timeout)), setBy: "request" }
    : { ms: timeoutDefaultMs, setBy: "default" };
  return [{ ms: timeoutMaxMs, setBy: "server" }, own];
}

async function runQuery(
  deps: OrchestrationDeps,
  source: SourceRow,
  query: Query,
  work: Work,
): Promise<QueryResult> {
  using admitted = await work.admit();
  return await openSource(deps, source).query(query, admitted);
}

/** Does the work and writes down how it ended, also when the caller has gone. The record decides what is answered. */
function recorded(
  { db, log, unfinished }: OrchestrationDeps,
  scope: Scope,
  executionId: string,
  signal: AbortSignal,
  work: () => Promise<QueryResult>,
): Promise<QueryResult> {
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
      await end({ state: "succeeded", rowCount: BigInt(result.rows.length), truncated: result.truncated });
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
