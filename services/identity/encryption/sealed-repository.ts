import { type SQL, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import type { Sealed } from "../vault.ts";
import type { SealedKind } from "./sealed-kinds.ts";

/** An encrypted value, and the values of its key columns. */
export type SealedRow = Sealed & { readonly key: string[] };

const columns = ({ key }: SealedKind): SQL =>
  sql.join(
    key.map(({ name }) => sql.identifier(name)),
    sql`, `,
  );

const texts = ({ key }: SealedKind): SQL =>
  sql.join(
    key.map(({ name }) => sql`${sql.identifier(name)}::text`),
    sql`, `,
  );

const values = (key: readonly string[]): SQL =>
  sql.join(
    key.map((value) => sql`${value}`),
    sql`, `,
  );

/** Number of values by the id of their key. */
export async function countByKey(db: Db, kind: SealedKind): Promise<{ keyId: string; count: number }[]> {
  const rows = await db.execute<{ key_id: string; count: number }>(
    sql`select key_id, count(*)::int as count from ${kind.table} where key_id is not null group by key_id`,
  );
  return rows.map(({ key_id, count }) => ({ keyId: key_id, count }));
}

/** Locks up to `limit` values of other keys than `keyId` that nobody else has locked, after those of `after`. */
export async function lockOthers(
  tx: Db,
  kind: SealedKind,
  { keyId, after, limit }: { keyId: string; after: readonly string[] | undefined; limit: number },
): Promise<SealedRow[]> {
  const later = after ? sql`and (${columns(kind)}) > (${values(after)})` : sql``;
  const rows = await tx.execute<{ key_id: string; nonce: string; ciphertext: string; key: string[] }>(sql`
    select key_id, nonce, ciphertext, array[${texts(kind)}] as key from ${kind.table}
    where key_id <> ${keyId} ${later} order by ${columns(kind)} limit ${limit} for update skip locked`);
  return rows.map(({ key_id, ...row }) => ({ keyId: key_id, ...row }));
}

export async function replaceSealed(tx: Db, kind: SealedKind, { key, ...sealed }: SealedRow): Promise<void> {
  await tx.execute(sql`
    update ${kind.table}
    set key_id = ${sealed.keyId}, nonce = ${sealed.nonce}, ciphertext = ${sealed.ciphertext}
    where (${columns(kind)}) = (${values(key)})`);
}
