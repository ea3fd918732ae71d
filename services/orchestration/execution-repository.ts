import { and, arrayContains, eq, inArray, or, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { ownerIn, within } from "../lib/database/scope.ts";
import {
  booleanField,
  idField,
  integerField,
  openTimeField,
  timeField,
  wordField,
} from "../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../lib/list/list-of.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { livenessLockPrefix } from "./locks/liveness-lock.ts";
import { executions } from "./schema.ts";
import { type EndState, executionStates, statesBefore } from "./state.ts";

export type ExecutionRow = typeof executions.$inferSelect;
/** `sourceId` is null for a statement over the catalog. */
export type NewExecution = Pick<ExecutionRow, "executionId" | "sourceId" | "namespace" | "sql" | "processId">;
/** Outcome of an execution: a result for `succeeded`, a message for the others. */
export type ExecutionOutcome =
  | {
      readonly state: "succeeded";
      readonly rowCount: bigint;
      readonly truncated: boolean;
      readonly fromCache: boolean;
    }
  | { readonly state: Exclude<EndState, "succeeded">; readonly errorMessage: string };

export async function findExecution(
  db: Db,
  scope: Scope,
  executionId: string,
): Promise<ExecutionRow | undefined> {
  const [row] = await db
    .select()
    .from(executions)
    .where(and(within(scope, executions), eq(executions.executionId, executionId)));
  return row;
}

const executionList = listOf({
  table: executions,
  key: idField(executions.executionId),
  orderable: { create_time: timeField(executions.createTime), end_time: openTimeField(executions.endTime) },
  filterable: {
    state: wordField(executions.state, executionStates),
    source_id: idField(executions.sourceId),
    creator_user_id: idField(executions.creatorUserId),
    row_count: integerField(executions.rowCount),
    truncated: booleanField(executions.truncated),
    create_time: timeField(executions.createTime),
    end_time: timeField(executions.endTime),
  },
});

/** Whether the source is one of a statement over the catalog. The first condition is that of the index. */
const isOneOf = (sourceId: string) =>
  and(sql`${executions.sourceIds} <> '{}'`, arrayContains(executions.sourceIds, [sourceId]));

/** A page of executions. An empty `sourceId` selects every source. */
export function listExecutions(
  db: Db,
  scope: Scope,
  request: ListRequest,
  sourceId: string,
): Promise<Page<ExecutionRow>> {
  const where = and(
    within(scope, executions),
    sourceId === "" ? undefined : or(eq(executions.sourceId, sourceId), isOneOf(sourceId)),
  );
  return executionList.read(db, request, where);
}

export async function insertExecution(db: Db, scope: Scope, execution: NewExecution): Promise<void> {
  const owner = ownerIn(scope, execution.namespace);
  await db.insert(executions).values({ ...execution, ...owner, creatorUserId: scope.principal.userId });
}

/** Records the sources of a statement over the catalog. */
export async function updateExecutionSources(
  db: Db,
  scope: Scope,
  executionId: string,
  sourceIds: readonly string[],
): Promise<void> {
  await db
    .update(executions)
    .set({ sourceIds: [...sourceIds] })
    .where(and(within(scope, executions), eq(executions.executionId, executionId)));
}

/** Records an execution's outcome. Returns false if it had one already. */
export async function moveExecution(
  db: Db,
  scope: Scope,
  executionId: string,
  outcome: ExecutionOutcome,
): Promise<boolean> {
  const rows = await db
    .update(executions)
    .set({ ...outcome, endTime: sql`now()` })
    .where(
      and(
        within(scope, executions),
        eq(executions.executionId, executionId),
        inArray(executions.state, statesBefore(outcome.state)),
      ),
    )
    .returning({ executionId: executions.executionId });
  return rows.length > 0;
}

/** PostgreSQL channel on which the id of each cancelled execution is sent. */
export const cancellationChannel = "sluice_orchestration_cancelled";

/** Notifies the process that runs an execution to read its row. Delivered when the transaction commits. */
export async function notifyCancelled(tx: Db, executionId: string): Promise<void> {
  await tx.execute(sql`select pg_notify(${cancellationChannel}, ${executionId})`);
}

/** The cancelled ones among some executions, of all organisations. */
export function listCancelledExecutions(
  db: Db,
  executionIds: readonly string[],
): Promise<Pick<ExecutionRow, "executionId" | "errorMessage">[]> {
  const { executionId, errorMessage, state } = executions;
  return db
    .select({ executionId, errorMessage })
    .from(executions)
    .where(and(inArray(executionId, [...executionIds]), eq(state, "cancelled")));
}

/**
 * Cancels executions that dead processes left running, in all organisations. Returns their number. A living process
 * holds its liveness lock.
 */
export async function moveAbandonedExecutions(db: Db): Promise<number> {
  const abandoned = sql`${executions.processId} in (
    select process_id from (
      select distinct process_id from ${executions} where state = 'running'
    ) as processes
    where pg_try_advisory_xact_lock(hashtextextended(${livenessLockPrefix} || process_id, 0)))`;
  const rows = await db
    .update(executions)
    .set({ state: "cancelled", errorMessage: "the server stopped while it ran", endTime: sql`now()` })
    .where(and(inArray(executions.state, statesBefore("cancelled")), abandoned))
    .returning({ executionId: executions.executionId });
  return rows.length;
}
