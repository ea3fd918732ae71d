import { and, eq, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { uploads } from "./schema.ts";

type Owner = Pick<Scope, "orgId">;

/** An attempt that can have files in storage. */
export type Upload = Pick<typeof uploads.$inferSelect, "attempt" | "revision">;

/** Records that an attempt can have files in storage. */
export async function noteUpload(db: Db, owner: Owner, jobId: string, attempt: number): Promise<void> {
  await db
    .insert(uploads)
    .values({ orgId: owner.orgId, jobId, attempt })
    .onConflictDoUpdate({
      target: [uploads.jobId, uploads.attempt],
      set: { revision: sql`${uploads.revision} + 1` },
    });
}

export function listUploads(db: Db, owner: Owner, jobId: string): Promise<Upload[]> {
  return db
    .select({ attempt: uploads.attempt, revision: uploads.revision })
    .from(uploads)
    .where(and(eq(uploads.orgId, owner.orgId), eq(uploads.jobId, jobId)));
}

/** Forgets an attempt whose files are gone, unless it was noted again meanwhile: then it can have further ones. */
export async function deleteUpload(
  db: Db,
  owner: Owner,
  jobId: string,
  { attempt, revision }: Upload,
): Promise<void> {
  const isIt = and(eq(uploads.jobId, jobId), eq(uploads.attempt, attempt), eq(uploads.revision, revision));
  await db.delete(uploads).where(and(eq(uploads.orgId, owner.orgId), isIt));
}
