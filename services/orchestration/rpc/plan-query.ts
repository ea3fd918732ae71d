import type { HandlerContext, MethodImpl } from "@connectrpc/connect";
import type { ExecutionService } from "../../../gen/sluice/orchestration/v1/executions_pb.ts";
import { narrow } from "../../lib/database/scope.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { findSubject } from "../executions/find-subject.ts";
import { startWork } from "../executions/start-work.ts";
import { describeScans } from "../federation/describe-scans.ts";
import { openCatalogStatement } from "../federation/open-catalog-statement.ts";
import { openFileStatement } from "../federation/open-file-statement.ts";
import { createLineageFinder } from "../lineage/find-lineage.ts";
import { toColumnOrigins, toPlan, toWholePlan } from "../plan-message.ts";
import type { SourceRow } from "../source-repository.ts";
import { openSource } from "../sources/open-source.ts";
import type { Limit } from "../timing/limit.ts";

/** Time limit of a plan, in milliseconds. */
const planTimeoutMs = 30_000;

export const planQuery =
  (deps: OrchestrationDeps): MethodImpl<typeof ExecutionService.method.planQuery> =>
  async (request, context) => {
    using work = startPlan(deps, context);
    try {
      const scope = scopeOf(context);
      const subject = await findSubject(deps, scope, request);
      using limit = await work.admit();
      return await plan(deps, scope, { ...request, ...subject }, limit);
    } catch (error) {
      work.signal.throwIfAborted();
      throw error;
    }
  };

type Request = {
  readonly sql: string;
  readonly maxRows: number;
  readonly namespace: string;
  readonly source: SourceRow | undefined;
};

async function plan(deps: OrchestrationDeps, scope: Scope, request: Request, limit: Limit) {
  const { source, sql, namespace, maxRows } = request;
  // The rows of a database would have to be moved.
  if (source && !openSource(deps, source).lend) {
    return toWholePlan(source, sql, await findOrigins(deps, scope, request, undefined));
  }
  const statement = source
    ? await openFileStatement(deps, scope, { sql, source }, limit)
    : await openCatalogStatement(deps, narrow(scope, namespace), { sql, namespace }, limit);
  const { columns, tables } = await statement.plan(maxRows || undefined, limit);
  const scans = await describeScans(tables, limit);
  const names = columns.map(({ name }) => name);
  return toPlan(columns, scans, await findOrigins(deps, scope, request, names));
}

const startPlan = (deps: OrchestrationDeps, context: HandlerContext) =>
  startWork(deps, context, {
    workClass: "interactive",
    subject: "the plan",
    limits: [{ ms: planTimeoutMs, setBy: "server" }],
    countsWait: true,
  });

async function findOrigins(
  { db, reader }: OrchestrationDeps,
  scope: Scope,
  { source, sql, namespace }: Request,
  resultColumns: readonly string[] | undefined,
) {
  const { columns } = await createLineageFinder(
    db,
    scope,
    reader,
  )({
    executionId: "",
    namespace,
    sourceId: source?.sourceId ?? null,
    connector: source?.connector ?? null,
    sql,
    ...(resultColumns && { resultColumns }),
  });
  return toColumnOrigins(columns);
}
