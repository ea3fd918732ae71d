import { and, eq, gt, isNotNull, isNull, lt, or, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { apiKeys, logins, refreshTokens, users } from "./schema.ts";

// Credentials are looked up before the organisation is known, so most of these functions take no scope.

/** Lifetime of a refresh token. */
const refreshExpire = sql`now() + interval '30 days'`;

/** The user that a credential identifies. */
export type Holder = {
  readonly orgId: string;
  readonly userId: string;
  readonly userRoles: string[];
  /** The API key that is the credential, or that the login was made with. */
  readonly apiKeyId: string | null;
  readonly keyRoles: string[] | null;
  readonly keyExpireTime: Date | null;
};

const holder = {
  orgId: users.orgId,
  userId: users.userId,
  userRoles: users.roles,
  apiKeyId: apiKeys.apiKeyId,
  keyRoles: apiKeys.roles,
  keyExpireTime: apiKeys.expireTime,
};

const notExpired = or(isNull(apiKeys.expireTime), gt(apiKeys.expireTime, sql`now()`));

/**
 * The user of a login; undefined if the login is revoked, its key has expired or is revoked, or the user is not active.
 */
export async function findHolderOfLogin(db: Db, loginId: string): Promise<Holder | undefined> {
  const [row] = await db
    .select(holder)
    .from(logins)
    .innerJoin(users, eq(users.userId, logins.userId))
    .leftJoin(apiKeys, eq(apiKeys.apiKeyId, logins.apiKeyId))
    .where(and(eq(logins.loginId, loginId), isNull(logins.revokeTime), eq(users.active, true), notExpired));
  return row;
}

/** The user of an API key; undefined if the key has expired or is revoked, or the user is not active. */
export async function findHolderOfKey(db: Db, secretSha256: string): Promise<Holder | undefined> {
  const [row] = await db
    .select(holder)
    .from(apiKeys)
    .innerJoin(users, eq(users.userId, apiKeys.userId))
    .where(and(eq(apiKeys.secretSha256, secretSha256), eq(users.active, true), notExpired));
  return row;
}

/** An active user, with the key if it belongs to the user and has not expired. Undefined if there is no such user. */
export async function findHolderOfUser(
  db: Db,
  { orgId }: Pick<Scope, "orgId">,
  userId: string,
  apiKeyId: string | null,
): Promise<Holder | undefined> {
  const asked = apiKeyId === null ? sql`false` : eq(apiKeys.apiKeyId, apiKeyId);
  const [row] = await db
    .select(holder)
    .from(users)
    .leftJoin(apiKeys, and(asked, eq(apiKeys.userId, users.userId), notExpired))
    .where(and(eq(users.orgId, orgId), eq(users.userId, userId), eq(users.active, true)));
  return row;
}

export async function insertLogin(
  db: Db,
  login: { loginId: string; orgId: string; userId: string; apiKeyId: string | null },
): Promise<void> {
  await db.insert(logins).values({ ...login, expireTime: refreshExpire });
}

/** Adds a refresh token to a login. The login expires with its newest token. */
export async function insertRefreshToken(db: Db, loginId: string, tokenSha256: string): Promise<void> {
  await db.insert(refreshTokens).values({ loginId, tokenSha256, expireTime: refreshExpire });
  await db.update(logins).set({ expireTime: refreshExpire }).where(eq(logins.loginId, loginId));
}

/** Spends a refresh token. Only one of two concurrent calls gets the login's id. */
export async function spendRefreshToken(db: Db, tokenSha256: string): Promise<string | undefined> {
  const [row] = await db
    .update(refreshTokens)
    .set({ spentTime: sql`now()` })
    .where(
      and(
        eq(refreshTokens.tokenSha256, tokenSha256),
        isNull(refreshTokens.spentTime),
        gt(refreshTokens.expireTime, sql`now()`),
      ),
    )
    .returning({ loginId: refreshTokens.loginId });
  return row?.loginId;
}

export async function findLoginOfRefreshToken(db: Db, tokenSha256: string): Promise<string | undefined> {
  const [row] = await db
    .select({ loginId: refreshTokens.loginId })
    .from(refreshTokens)
    .where(eq(refreshTokens.tokenSha256, tokenSha256));
  return row?.loginId;
}

/** The login of a token that was spent before; undefined for other tokens. */
export async function findLoginOfSpentToken(db: Db, tokenSha256: string): Promise<string | undefined> {
  const [row] = await db
    .select({ loginId: refreshTokens.loginId })
    .from(refreshTokens)
    .where(and(eq(refreshTokens.tokenSha256, tokenSha256), isNotNull(refreshTokens.spentTime)));
  return row?.loginId;
}

/** Revokes a login and all tokens that it issued. */
export async function revokeLogin(db: Db, loginId: string): Promise<void> {
  await db
    .update(logins)
    .set({ revokeTime: sql`now()` })
    .where(and(eq(logins.loginId, loginId), isNull(logins.revokeTime)));
}

/** Removes expired logins. */
export async function deleteExpiredLogins(db: Db): Promise<void> {
  await db.delete(logins).where(lt(logins.expireTime, sql`now()`));
  await db.delete(refreshTokens).where(lt(refreshTokens.expireTime, sql`now()`));
}

/** Revokes all logins of a user. */
export async function revokeLoginsOfUser(db: Db, scope: Scope, userId: string): Promise<void> {
  await db
    .update(logins)
    .set({ revokeTime: sql`now()` })
    .where(and(eq(logins.orgId, scope.orgId), eq(logins.userId, userId), isNull(logins.revokeTime)));
}
