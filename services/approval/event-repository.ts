import { and, asc, desc, eq, gt } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import type { Page } from "../lib/rpc/paging.ts";
import { chains, events } from "./schema.ts";

export type EventRow = typeof events.$inferSelect;

/** Sequence and hash of the last event of a chain. */
export type ChainHead = { sequence: bigint; headHash: string };

/** A project's events, oldest first. */
export function listProjectEvents(db: Db, scope: Scope, projectId: string, page: Page): Promise<EventRow[]> {
  return db
    .select()
    .from(events)
    .where(
      and(
        eq(events.orgId, scope.orgId),
        eq(events.projectId, projectId),
        page.after === undefined ? undefined : gt(events.sequence, BigInt(page.after)),
      ),
    )
    .orderBy(asc(events.sequence))
    .limit(page.limit);
}

/** The user of the newest event of a type; undefined if there is no such event. */
export async function findLastActor(
  db: Db,
  scope: Pick<Scope, "orgId">,
  projectId: string,
  type: string,
): Promise<string | undefined> {
  const [row] = await db
    .select({ actorUserId: events.actorUserId })
    .from(events)
    .where(and(eq(events.orgId, scope.orgId), eq(events.projectId, projectId), eq(events.type, type)))
    .orderBy(desc(events.sequence))
    .limit(1);
  return row?.actorUserId;
}

/** Events of the organisation after a sequence number, oldest first. */
export function listEventsAfter(db: Db, scope: Scope, after: bigint, limit: number): Promise<EventRow[]> {
  return db
    .select()
    .from(events)
    .where(and(eq(events.orgId, scope.orgId), gt(events.sequence, after)))
    .orderBy(asc(events.sequence))
    .limit(limit);
}

export async function insertEvent(db: Db, scope: Scope, event: Omit<EventRow, "orgId">): Promise<void> {
  await db.insert(events).values({ ...event, orgId: scope.orgId });
}

/** Creates the organisation's chain if it does not exist. */
export async function insertChain(db: Db, scope: Scope, head: ChainHead): Promise<void> {
  await db
    .insert(chains)
    .values({ ...head, orgId: scope.orgId })
    .onConflictDoNothing();
}

export async function findChain(db: Db, scope: Scope): Promise<ChainHead | undefined> {
  const [row] = await db.select().from(chains).where(eq(chains.orgId, scope.orgId));
  return row;
}

/** Locks the end of the chain until the transaction ends. */
export async function findChainForUpdate(db: Db, scope: Scope): Promise<ChainHead | undefined> {
  const [row] = await db.select().from(chains).where(eq(chains.orgId, scope.orgId)).for("update");
  return row;
}

export async function updateChain(db: Db, scope: Scope, head: ChainHead): Promise<void> {
  await db.update(chains).set(head).where(eq(chains.orgId, scope.orgId));
}
