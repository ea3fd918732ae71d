import type { MethodImpl } from "@connectrpc/connect";
import type { ExecutionService } from "../../../gen/sluice/orchestration/v1/executions_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { type KeptResult, resultForm } from "../cache/kept-forms.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { withRunner } from "../executions/find-subject.ts";
import { runExecution, timeoutMsOf } from "../executions/run-execution.ts";
import { toListValue } from "../results/list-value.ts";

const maxRowsDefault = 1000;

/** Longest wait for the result of an equal statement, in milliseconds, and as a share of the statement's and the call's time. */
const waitMsMax = 60_000;
const waitShare = 1 / 4;

export const executeQuery =
  (deps: OrchestrationDeps): MethodImpl<typeof ExecutionService.method.executeQuery> =>
  async ({ sourceId, namespace, sql, maxRows, timeout, noCache }, context) => {
    const { orgId } = scopeOf(context);
    const query = { sql, maxRows: maxRows || maxRowsDefault };
    const computeMs = timeoutMsOf(timeout);
    const { executionId, result } = await runExecution(
      deps,
      context,
      { sourceId, namespace, sql, timeout },
      (target, started) =>
        withRunner(target, started, async (runner, admit) => {
          const { signal } = started;
          const wanted = {
            kind: "query" as const,
            orgId,
            subject: [sourceId, started.namespace, sql, query.maxRows],
            identify: async () => runner.identify?.(signal),
            isFresh: noCache,
            waitMs: Math.min(waitMsMax, waitShare * Math.min(computeMs, context.timeoutMs() ?? computeMs)),
            computeMs,
            signal,
            ...resultForm,
          };
          const { result, fromCache } = await deps.cachedResults.through<KeptResult>(wanted, async () => {
            using limit = await admit();
            return await runner.query(query, limit);
          });
          return { ...result, rowCount: result.rows.length, fromCache };
        }),
    );
    const { columns, rows, truncated, fromCache } = result;
    return { executionId, columns: [...columns], rows: rows.map(toListValue), truncated, fromCache };
  };
