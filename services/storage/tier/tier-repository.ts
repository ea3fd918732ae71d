import { and, eq, gt, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import type { ObjectKey } from "../objects/object-store.ts";
import { blobs, coldBlobs } from "../schema.ts";

/** Content in the cold tier. */
export type ColdRow = typeof coldBlobs.$inferSelect;

const one = ({ orgId, sha256 }: ObjectKey) => and(eq(coldBlobs.orgId, orgId), eq(coldBlobs.sha256, sha256));

export async function findCold(db: Db, key: ObjectKey): Promise<ColdRow | undefined> {
  const [row] = await db.select().from(coldBlobs).where(one(key));
  return row;
}

/** Records content as cold. The transaction has locked its blob, and that of its compressed bytes. */
export async function insertCold(
  tx: Db,
  row: Pick<ColdRow, "orgId" | "sha256" | "coldSha256" | "storedBytes">,
): Promise<void> {
  await tx.insert(coldBlobs).values({ ...row, isMoving: row.coldSha256 !== null });
}

/** Records that the uncompressed bytes are gone. */
export async function setMoved(tx: Db, key: ObjectKey): Promise<void> {
  await tx.update(coldBlobs).set({ isMoving: false, coolTime: sql`now()` }).where(one(key));
}

export async function deleteCold(tx: Db, key: ObjectKey): Promise<void> {
  await tx.delete(coldBlobs).where(one(key));
}

// The functions below serve maintenance: they cover all organisations.

/** Content whose uncompressed bytes a process that died may have left. */
export function listMoving(db: Db): Promise<ObjectKey[]> {
  return db
    .select({ orgId: coldBlobs.orgId, sha256: coldBlobs.sha256 })
    .from(coldBlobs)
    .where(eq(coldBlobs.isMoving, true));
}

/** Content of which files were added or removed since it became cold. */
export function listTouched(db: Db): Promise<ObjectKey[]> {
  return db
    .select({ orgId: coldBlobs.orgId, sha256: coldBlobs.sha256 })
    .from(coldBlobs)
    .innerJoin(blobs, and(eq(blobs.orgId, coldBlobs.orgId), eq(blobs.sha256, coldBlobs.sha256)))
    .where(and(eq(coldBlobs.isMoving, false), gt(blobs.touchTime, coldBlobs.coolTime)));
}
