import { and, desc, eq, inArray, isNull, lt, or, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { booleanField, idField, textField, timeField, wordField } from "../../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../../lib/list/list-of.ts";
import { newId } from "../../lib/values/ids.ts";
import { findingKinds, scrubFindings, scrubs } from "./scrub-schema.ts";

// Scrubs concern what is stored as a whole, so these functions take no scope.

export type ScrubRow = typeof scrubs.$inferSelect;
export type FindingRow = typeof scrubFindings.$inferSelect;
export type FindingKind = FindingRow["kind"];
export type NewScrub = Pick<ScrubRow, "scheduled" | "creatorUserId" | "bytesPerSecond">;
export type NewFinding = Omit<FindingRow, "findingId" | "createTime">;
/** Number of findings by kind, and of those that were repaired. */
type FindingCounts = Readonly<Record<FindingKind | "repaired", number>>;
export type ScrubReport = ScrubRow & { readonly found: FindingCounts };

/** Scrubs that are kept. The contract states it. */
const keptMax = 100;

/** Inserts a scrub that runs. Returns undefined if another one does. */
export async function insertScrub(db: Db, scrub: NewScrub): Promise<ScrubRow | undefined> {
  const rows = await db
    .insert(scrubs)
    .values({ ...scrub, scrubId: newId() })
    .onConflictDoNothing()
    .returning();
  const kept = db.select({ id: scrubs.scrubId }).from(scrubs).orderBy(desc(scrubs.createTime)).limit(keptMax);
  await db.delete(scrubs).where(and(eq(scrubs.state, "completed"), sql`${scrubs.scrubId} not in (${kept})`));
  return rows[0];
}

/** Inserts a scheduled scrub, unless one was started within the interval. */
export async function insertDueScrub(db: Db, scrub: NewScrub, intervalMs: number): Promise<void> {
  const recent = await db
    .select({ id: scrubs.scrubId })
    .from(scrubs)
    .where(sql`${scrubs.createTime} > now() - ${intervalMs} * interval '1 millisecond'`)
    .limit(1);
  if (recent.length === 0) await insertScrub(db, scrub);
}

export async function findRunningScrub(db: Db): Promise<ScrubRow | undefined> {
  const [row] = await db.select().from(scrubs).where(eq(scrubs.state, "running"));
  return row;
}

export async function findScrub(db: Db, scrubId: string): Promise<ScrubReport | undefined> {
  const rows = await db.select().from(scrubs).where(eq(scrubs.scrubId, scrubId));
  return (await withCounts(db, rows))[0];
}

export async function listScrubs(db: Db): Promise<ScrubReport[]> {
  const rows = await db
    .select()
    .from(scrubs)
    .orderBy(desc(scrubs.createTime), desc(scrubs.scrubId))
    .limit(keptMax);
  return withCounts(db, rows);
}

async function withCounts(db: Db, rows: readonly ScrubRow[]): Promise<ScrubReport[]> {
  if (rows.length === 0) return [];
  const counts = await db
    .select({
      scrubId: scrubFindings.scrubId,
      kind: scrubFindings.kind,
      count: sql<number>`count(*)::int`,
      repaired: sql<number>`(count(*) filter (where ${scrubFindings.repaired}))::int`,
    })
    .from(scrubFindings)
    .where(
      inArray(
        scrubFindings.scrubId,
        rows.map(({ scrubId }) => scrubId),
      ),
    )
    .groupBy(scrubFindings.scrubId, scrubFindings.kind);
  return rows.map((row) => {
    const own = counts.filter(({ scrubId }) => scrubId === row.scrubId);
    const found = Object.fromEntries(
      findingKinds.map((kind) => [kind, own.find((one) => one.kind === kind)?.count ?? 0]),
    ) as Record<FindingKind, number>;
    return { ...row, found: { ...found, repaired: own.reduce((sum, one) => sum + one.repaired, 0) } };
  });
}

const findingList = listOf({
  table: scrubFindings,
  key: idField(scrubFindings.findingId),
  orderable: { create_time: timeField(scrubFindings.createTime) },
  filterable: {
    kind: wordField(scrubFindings.kind, findingKinds),
    sha256: textField(scrubFindings.sha256),
    repaired: booleanField(scrubFindings.repaired),
    create_time: timeField(scrubFindings.createTime),
  },
});

export const listFindings = (db: Db, request: ListRequest & { scrubId: string }): Promise<Page<FindingRow>> =>
  findingList.read(db, request, eq(scrubFindings.scrubId, request.scrubId));

/** Records a finding, once. Returns whether no attempt has before. */
export async function insertFinding(db: Db, finding: NewFinding): Promise<boolean> {
  const { kind, fileIds, fileCount, repaired } = finding;
  const findingId = newId();
  const [row] = await db
    .insert(scrubFindings)
    .values({ ...finding, findingId })
    .onConflictDoUpdate({
      target: [scrubFindings.scrubId, scrubFindings.orgId, scrubFindings.sha256],
      set: { kind, fileIds, fileCount, repaired: sql`${scrubFindings.repaired} or ${repaired}` },
    })
    .returning({ findingId: scrubFindings.findingId });
  return row?.findingId === findingId;
}

/** Takes over a scrub that no attempt has kept alive for `lostMs`. Returns undefined if there is none. */
export async function claimScrub(db: Db, attemptId: string, lostMs: number): Promise<ScrubRow | undefined> {
  const [row] = await db
    .update(scrubs)
    .set({ attemptId, heartbeatTime: sql`now()` })
    .where(
      and(
        eq(scrubs.state, "running"),
        or(
          isNull(scrubs.heartbeatTime),
          lt(scrubs.heartbeatTime, sql`now() - ${lostMs} * interval '1 millisecond'`),
        ),
      ),
    )
    .returning();
  return row;
}

/** Lets another attempt continue at once. */
export async function releaseScrub(db: Db, attemptId: string): Promise<void> {
  await db
    .update(scrubs)
    .set({ attemptId: null, heartbeatTime: null })
    .where(and(eq(scrubs.attemptId, attemptId), eq(scrubs.state, "running")));
}

export type Progress = Pick<ScrubRow, "orgId" | "sha256" | "objectCount" | "readBytes">;

/** Writes how far an attempt is, and its heartbeat. Returns false if another attempt has taken over. */
export async function updateProgress(db: Db, attemptId: string, progress: Progress): Promise<boolean> {
  const rows = await db
    .update(scrubs)
    .set({ ...progress, heartbeatTime: sql`now()` })
    .where(and(eq(scrubs.attemptId, attemptId), eq(scrubs.state, "running")))
    .returning({ scrubId: scrubs.scrubId });
  return rows.length > 0;
}

export async function completeScrub(db: Db, attemptId: string, progress: Progress): Promise<void> {
  await db
    .update(scrubs)
    .set({ ...progress, state: "completed", endTime: sql`now()` })
    .where(and(eq(scrubs.attemptId, attemptId), eq(scrubs.state, "running")));
}
