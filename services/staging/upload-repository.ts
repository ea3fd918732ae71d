import { and, eq } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { uploads } from "./schema.ts";

type Owner = Pick<Scope, "orgId">;

/** Records that an attempt can have files in storage. */
export async function insertUpload(db: Db, owner: Owner, jobId: string, attempt: number): Promise<void> {
  await db.insert(uploads).values({ orgId: owner.orgId, jobId, attempt }).onConflictDoNothing();
}

export async function listUploads(db: Db, owner: Owner, jobId: string): Promise<number[]> {
  const rows = await db
    .select({ attempt: uploads.attempt })
    .from(uploads)
    .where(and(eq(uploads.orgId, owner.orgId), eq(uploads.jobId, jobId)));
  return rows.map(({ attempt }) => attempt);
}

export async function deleteUpload(db: Db, owner: Owner, jobId: string, attempt: number): Promise<void> {
  await db
    .delete(uploads)
    .where(and(eq(uploads.orgId, owner.orgId), eq(uploads.jobId, jobId), eq(uploads.attempt, attempt)));
}
