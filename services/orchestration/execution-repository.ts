import { and, asc, eq, inArray, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { fromPage } from "../lib/database/rows.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import type { Page } from "../lib/rpc/paging.ts";
import { livenessLockPrefix } from "./locks/liveness-lock.ts";
import { executions } from "./schema.ts";
import { type EndState, statesBefore } from "./state.ts";

export type ExecutionRow = typeof executions.$inferSelect;
export type NewExecution = Pick<ExecutionRow, "executionId" | "sourceId" | "sql" | "processId">;
/** Outcome of an execution: a result for `succeeded`, a message for the others. */
export type ExecutionOutcome =
  | { readonly state: "succeeded"; readonly rowCount: bigint; readonly truncated: boolean }
  | { readonly state: Exclude<EndState, "succeeded">; readonly errorMessage: string };

export async function findExecution(
  db: Db,
  scope: Scope,
  executionId: string,
): Promise<ExecutionRow | undefined> {
  const [row] = await db
    .select()
    .from(executions)
    .where(and(eq(executions.orgId, scope.orgId), eq(executions.executionId, executionId)));
  return row;
}

/** A page of executions. An empty `sourceId` selects every source. */
export function listExecutions(db: Db, scope: Scope, page: Page, sourceId: string): Promise<ExecutionRow[]> {
  const where = and(
    eq(executions.orgId, scope.orgId),
    sourceId === "" ? undefined : eq(executions.sourceId, sourceId),
    fromPage(executions.executionId, page),
  );
  return db.select().from(executions).where(where).orderBy(asc(executions.executionId)).limit(page.limit);
}

export async function insertExecution(db: Db, scope: Scope, execution: NewExecution): Promise<void> {
  await db
    .insert(executions)
    .values({ ...execution, orgId: scope.orgId, creatorUserId: scope.principal.userId });
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
        eq(executions.orgId, scope.orgId),
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
