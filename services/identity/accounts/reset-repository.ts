import { and, eq, gt, lt, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { insertedRow } from "../../lib/database/rows.ts";
import { orgs, users } from "../schema.ts";
import { passwordResets } from "./password-schema.ts";

const notExpired = gt(passwordResets.expireTime, sql`now()`);

/** Stores a user's reset token, which replaces the earlier one. Returns its expiry. */
export async function insertReset(
  db: Db,
  { userId, tokenSha256, lifetimeSeconds }: { userId: string; tokenSha256: string; lifetimeSeconds: number },
): Promise<Date> {
  const expireTime = sql`now() + make_interval(secs => ${lifetimeSeconds})`;
  const rows = await db
    .insert(passwordResets)
    .values({ userId, tokenSha256, expireTime })
    .onConflictDoUpdate({ target: passwordResets.userId, set: { tokenSha256, expireTime } })
    .returning({ expireTime: passwordResets.expireTime });
  return insertedRow(rows).expireTime;
}

/** The active user of a valid reset token, in any organisation: its holder has not logged in. */
export async function findUserOfReset(db: Db, tokenSha256: string) {
  const [row] = await db
    .select({
      userId: users.userId,
      orgId: users.orgId,
      email: users.email,
      displayName: users.displayName,
      orgName: orgs.name,
    })
    .from(passwordResets)
    .innerJoin(users, eq(users.userId, passwordResets.userId))
    .innerJoin(orgs, eq(orgs.orgId, users.orgId))
    .where(and(eq(passwordResets.tokenSha256, tokenSha256), notExpired, eq(users.active, true)));
  return row;
}

/** Spends a reset token. Only one of two concurrent calls gets true. */
export async function deleteReset(db: Db, tokenSha256: string): Promise<boolean> {
  const rows = await db
    .delete(passwordResets)
    .where(and(eq(passwordResets.tokenSha256, tokenSha256), notExpired))
    .returning({ userId: passwordResets.userId });
  return rows.length > 0;
}

export async function deleteResetOfUser(db: Db, userId: string): Promise<void> {
  await db.delete(passwordResets).where(eq(passwordResets.userId, userId));
}

export async function deleteExpiredResets(db: Db): Promise<void> {
  await db.delete(passwordResets).where(lt(passwordResets.expireTime, sql`now()`));
}
