import { sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import type { ObjectKey } from "../objects/object-store.ts";
import { plainContent } from "./encryption-schema.ts";

// Plain content is that of the whole installation, so these functions take no scope.

/** How far the content that was stored before encryption was enabled is encrypted. */
export type PlainProgress = { readonly last: ObjectKey | undefined; readonly isComplete: boolean };

export async function findPlainProgress(db: Db): Promise<PlainProgress> {
  const [row] = await db.select().from(plainContent);
  const { orgId = null, sha256 = null, endTime = null } = row ?? {};
  return {
    last: orgId !== null && sha256 !== null ? { orgId, sha256 } : undefined,
    isComplete: endTime !== null,
  };
}

export const isPlainContentEncrypted = async (db: Db): Promise<boolean> =>
  (await findPlainProgress(db)).isComplete;

/** Records that everything up to this object is encrypted. */
export async function updatePlainProgress(db: Db, { orgId, sha256 }: ObjectKey): Promise<void> {
  const progress = { orgId, sha256 };
  await db
    .insert(plainContent)
    .values(progress)
    .onConflictDoUpdate({ target: plainContent.onlyRow, set: progress });
}

/** Records that everything is encrypted. */
export async function completePlain(db: Db): Promise<void> {
  const end = { endTime: sql`now()` };
  await db.insert(plainContent).values(end).onConflictDoUpdate({ target: plainContent.onlyRow, set: end });
}
