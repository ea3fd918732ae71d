import { and, desc, eq, notInArray, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { insertedRow } from "../../lib/database/rows.ts";
import { idField, integerField, nameField, timeField, wordField } from "../../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../../lib/list/list-of.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { crashes, crashSubject } from "./crash-schema.ts";

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

const crashList = listOf({
  table: crashes,
  key: idField(crashes.crashId),
  orderable: { create_time: timeField(crashes.createTime), update_time: timeField(crashes.updateTime) },
  filterable: {
    subject: wordField(crashes.subject, crashSubject.enumValues),
    // Without an index of its parts: an organisation has at most `keptMax` crashes.
    file_name: nameField(crashes.fileName),
    crash_count: integerField(crashes.crashCount),
    create_time: timeField(crashes.createTime),
    update_time: timeField(crashes.updateTime),
  },
});

/** Files and statements are of any namespace: who has a role in some alone sees none. */
export function listCrashes(
  db: Db,
  { orgId, namespaces }: Scope,
  request: ListRequest,
): Promise<Page<CrashRow>> {
  const isVisible = namespaces === "all" ? undefined : sql`false`;
  return crashList.read(db, request, and(eq(crashes.orgId, orgId), isVisible));
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

/** Deletes a crash. Returns false if there was none that the caller can see. */
export async function deleteCrash(db: Db, { orgId, namespaces }: Scope, crashId: string): Promise<boolean> {
  if (namespaces !== "all") return false;
  const rows = await db
    .delete(crashes)
    .where(and(eq(crashes.orgId, orgId), eq(crashes.crashId, crashId)))
    .returning({ crashId: crashes.crashId });
  return rows.length > 0;
}
