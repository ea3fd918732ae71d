import { and, asc, desc, eq, notInArray, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { fromPage, insertedRow } from "../../lib/database/rows.ts";
import type { Page } from "../../lib/rpc/paging.ts";
import { crashes } from "./crash-schema.ts";

export type CrashRow = typeof crashes.$inferSelect;
export type NewCrash = Omit<CrashRow, "orgId" | "crashCount" | "createTime" | "updateTime">;
export type CrashKey = Pick<CrashRow, "subject" | "fingerprint">;

/** Crashes belong to an organisation, not to a user. */
type OrgScope = { readonly orgId: string };

export async function findCrash(
  db: Db,
  { orgId }: OrgScope,
  { subject, fingerprint }: CrashKey,
): Promise<CrashRow | undefined> {
  const [row] = await db
    .select()
    .from(crashes)
    .where(and(eq(crashes.orgId, orgId), eq(crashes.subject, subject), eq(crashes.fingerprint, fingerprint)));
  return row;
}

/** A page of crashes, oldest first: ids begin with their time. */
export function listCrashes(db: Db, { orgId }: OrgScope, page: Page): Promise<CrashRow[]> {
  return db
    .select()
    .from(crashes)
    .where(and(eq(crashes.orgId, orgId), fromPage(crashes.crashId, page)))
    .orderBy(asc(crashes.crashId))
    .limit(page.limit);
}

/** Crashes kept per organisation: the most recent ones. */
const keptMax = 1000;

/** Inserts a crash, or counts one more of the same subject and fingerprint. */
export async function insertCrash(db: Db, { orgId }: OrgScope, crash: NewCrash): Promise<CrashRow> {
  const { fileName, cause } = crash;
  const rows = await db
    .insert(crashes)
    .values({ ...crash, orgId })
    .onConflictDoUpdate({
      target: [crashes.orgId, crashes.subject, crashes.fingerprint],
      set: { fileName, cause, crashCount: sql`${crashes.crashCount} + 1`, updateTime: sql`now()` },
    })
    .returning();
  await deleteOldest(db, orgId);
  return insertedRow(rows);
}

async function deleteOldest(db: Db, orgId: string): Promise<void> {
  const kept = db
    .select({ crashId: crashes.crashId })
    .from(crashes)
    .where(eq(crashes.orgId, orgId))
    .orderBy(desc(crashes.updateTime))
    .limit(keptMax);
  await db.delete(crashes).where(and(eq(crashes.orgId, orgId), notInArray(crashes.crashId, kept)));
}

/** Deletes a crash. Returns false if there was none. */
export async function deleteCrash(db: Db, { orgId }: OrgScope, crashId: string): Promise<boolean> {
  const rows = await db
    .delete(crashes)
    .where(and(eq(crashes.orgId, orgId), eq(crashes.crashId, crashId)))
    .returning({ crashId: crashes.crashId });
  return rows.length > 0;
}
