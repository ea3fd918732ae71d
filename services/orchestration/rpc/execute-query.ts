import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type HandlerContext, type MethodImpl } from "@connectrpc/connect";
import type { ExecutionService } from "../../../gen/sluice/orchestration/v1/executions_pb.ts";
import { outsideCalls } from "../../lib/call.ts";
import { type Scope, scopeOf } from "../../lib/guard.ts";
import { newId } from "../../lib/ids.ts";
import type { Query, QueryResult } from "../connectors/connector.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { sourceNotFound, timedOut } from "../errors.ts";
import { type Ending, insertExecution, moveExecution } from "../execution-repository.ts";
import { limitTime } from "../executions/time-limit.ts";
import { openSource } from "../open-source.ts";
import { toListValue } from "../results/list-value.ts";
import { findSource, type SourceRow } from "../source-repository.ts";

const maxRowsDefault = 1000;
const timeoutDefaultMs = 30_000;

export const executeQuery =
  (deps: OrchestrationDeps): MethodImpl<typeof ExecutionService.method.executeQuery> =>
  async ({ sourceId, sql, maxRows, timeout }, context) => {
    const scope = scopeOf(context);
    const source = await findSource(deps.db, scope, sourceId);
    if (!source) throw sourceNotFound(sourceId);
    const executionId = newId();
    await insertExecution(deps.db, scope, { executionId, sourceId, sql, processId: deps.processId });
    const query = { sql, maxRows: maxRows || maxRowsDefault };
    const timeoutMs = timeout ? Math.ceil(durationMs(timeout)) : timeoutDefaultMs;
    const { columns, rows, truncated } = await recorded(deps, scope, executionId, context, () =>
      runQuery(deps, source, query, timeoutMs, context.signal),
    );
    const { userId: creatorUserId, orgId } = scope.principal;
    const { connector } = source;
    const resultColumns = columns.map(({ name }) => name);
    deps.recorder.record({ executionId, orgId, creatorUserId, sourceId, connector, sql, resultColumns });
    return { executionId, columns: [...columns], rows: rows.map(toListValue), truncated };
  };

async function runQuery(
  deps: OrchestrationDeps,
  source: SourceRow,
  query: Query,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<QueryResult> {
  using _place = deps.admission.enter();
  using limit = limitTime(signal, timeoutMs, () => timedOut("the statement", timeoutMs));
  return await openSource(deps, source).query(query, limit);
}

/** Does the work and writes down how it ended, also when the caller has gone. */
function recorded(
  { db, log, unfinished }: OrchestrationDeps,
  scope: Scope,
  executionId: string,
  { signal }: HandlerContext,
  work: () => Promise<QueryResult>,
): Promise<QueryResult> {
  const end = (ending: Ending) => outsideCalls(() => moveExecution(db, scope, executionId, ending));
  return unfinished.track(async () => {
    try {
      const result = await work();
      signal.throwIfAborted();
      await end({ state: "succeeded", rowCount: BigInt(result.rows.length), truncated: result.truncated });
      return result;
    } catch (error) {
      const state = signal.aborted ? "cancelled" : "failed";
      await end({ state, errorMessage: messageOf(error) }).catch((err) =>
        log.error({ err, executionId }, "not recorded"),
      );
      throw error;
    }
  });
}

/** The words that the caller gets. */
function messageOf(error: unknown): string {
  const isMeant =
    error instanceof ConnectError && error.code !== Code.Internal && error.code !== Code.Unknown;
  return (isMeant && error.rawMessage) || "internal error";
}
