import { randomBytes } from "node:crypto";
import { and, eq, gt, isNull, lt, ne, or, type SQL, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { insertedRow } from "../lib/database/rows.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { areValid, type KeyLink, keysAbove } from "./api-keys/key-chain.ts";
import { apiKeys, logins, refreshTokens, users } from "./schema.ts";

// Credentials are looked up before the organisation is known, so most of these functions take no scope.

/** How long a spent refresh token gives the same tokens again. The contract of RefreshToken states it. */
const repeatWindow = sql`interval '10 seconds'`;
const nonceBytes = 16;

/** Lifetime of a refresh token. */
const refreshExpire = sql`now() + interval '30 days'`;

/** The user that a credential identifies. */
export type Holder = {
  readonly orgId: string;
  readonly userId: string;
  readonly groups: string[];
  /** The API key that is the credential, or that the login was made with. */
  readonly apiKeyId: string | null;
  /** That key, and the keys above it. */
  readonly keys: readonly KeyLink[];
};

const holder = {
  orgId: users.orgId,
  userId: users.userId,
  groups: users.groups,
  apiKeyId: apiKeys.apiKeyId,
  keys: keysAbove(apiKeys.apiKeyId),
};

const notEnded = or(isNull(logins.endTime), gt(logins.endTime, sql`now()`));

/**
 * The user of a login, with the database's time; undefined if the login is revoked or has ended, its key or one above has
 * expired or is revoked, or the user is not active.
 */
export async function findHolderOfLogin(
  db: Db,
  loginId: string,
): Promise<(Holder & { readonly now: Date }) | undefined> {
  const [row] = await db
    .select({ ...holder, now: sql`clock_timestamp()`.mapWith(logins.createTime) })
    .from(logins)
    .innerJoin(users, eq(users.userId, logins.userId))
    .leftJoin(apiKeys, eq(apiKeys.apiKeyId, logins.apiKeyId))
    .where(and(eq(logins.loginId, loginId), isNull(logins.revokeTime), eq(users.active, true), notEnded));
  return row && areValid(row.keys) ? row : undefined;
}

/** The user of an API key; undefined if it or a key above has expired or is revoked, or the user is not active. */
export async function findHolderOfKey(db: Db, secretSha256: string): Promise<Holder | undefined> {
  const [row] = await db
    .select(holder)
    .from(apiKeys)
    .innerJoin(users, eq(users.userId, apiKeys.userId))
    .where(and(eq(apiKeys.secretSha256, secretSha256), eq(users.active, true)));
  return row && areValid(row.keys) ? row : undefined;
}

/** The user of an API key that is refused: it has expired, or the user is not active. */
export async function findOwnerOfRefusedKey(db: Db, secretSha256: string): Promise<LoginOwner | undefined> {
  const [row] = await db
    .select({ orgId: apiKeys.orgId, userId: apiKeys.userId, apiKeyId: apiKeys.apiKeyId })
    .from(apiKeys)
    .where(eq(apiKeys.secretSha256, secretSha256));
  return row;
}

/** An active user, with the key if it belongs to the user and is valid. Undefined if there is no such user. */
export async function findHolderOfUser(
  db: Db,
  { orgId }: Pick<Scope, "orgId">,
  userId: string,
  apiKeyId: string | null,
): Promise<Holder | undefined> {
  const requested = apiKeyId === null ? sql`false` : eq(apiKeys.apiKeyId, apiKeyId);
  const [row] = await db
    .select(holder)
    .from(users)
    .leftJoin(apiKeys, and(requested, eq(apiKeys.userId, users.userId)))
    .where(and(eq(users.orgId, orgId), eq(users.userId, userId), eq(users.active, true)));
  return row && (areValid(row.keys) ? row : { ...row, apiKeyId: null, keys: [] });
}

/** Creates a login. Returns the time of it. */
export async function insertLogin(
  db: Db,
  login: { loginId: string; orgId: string; userId: string; apiKeyId: string | null; endTime?: Date },
): Promise<Date> {
  const rows = await db
    .insert(logins)
    .values({ ...login, expireTime: refreshExpire })
    .returning({ createTime: logins.createTime });
  return insertedRow(rows).createTime;
}

/** Whether a login was made with a password: an issuer's ends at a time, and a key's has the key. */
export async function isPasswordLogin(db: Db, scope: Scope, loginId: string): Promise<boolean> {
  const [row] = await db
    .select({ apiKeyId: logins.apiKeyId, endTime: logins.endTime })
    .from(logins)
    .where(and(ofUser(scope, scope.principal.userId), eq(logins.loginId, loginId)));
  return row !== undefined && row.apiKeyId === null && row.endTime === null;
}

/** Adds a refresh token to a login. The login expires with its newest token. */
export async function insertRefreshToken(db: Db, loginId: string, tokenSha256: string): Promise<void> {
  await db.insert(refreshTokens).values({ loginId, tokenSha256, expireTime: refreshExpire });
  await db.update(logins).set({ expireTime: refreshExpire }).where(eq(logins.loginId, loginId));
}

/** What a refresh needs to know of a token. */
export type RefreshTokenState = {
  readonly loginId: string;
  /** Why the login was revoked, if it was and its holder has to know. */
  readonly revokeCause: string | null;
  readonly spentTime: Date | null;
  readonly nonce: string | null;
  /** Whether the token was spent so recently that its refresh may be repeated. */
  readonly isRecent: boolean;
};

/** Spends a refresh token. Only one of two concurrent calls gets a result. */
export async function spendRefreshToken(
  db: Db,
  tokenSha256: string,
): Promise<{ loginId: string; revokeCause: string | null; spentTime: Date; nonce: string } | undefined> {
  const nonce = randomBytes(nonceBytes).toString("base64url");
  const [row] = await db
    .update(refreshTokens)
    .set({ spentTime: sql`clock_timestamp()`, successorNonce: nonce })
    .from(logins)
    .where(
      and(
        eq(refreshTokens.tokenSha256, tokenSha256),
        eq(logins.loginId, refreshTokens.loginId),
        isNull(refreshTokens.spentTime),
        gt(refreshTokens.expireTime, sql`now()`),
      ),
    )
    .returning({
      loginId: refreshTokens.loginId,
      revokeCause: logins.revokeCause,
      spentTime: refreshTokens.spentTime,
    });
  return row?.spentTime ? { ...row, spentTime: row.spentTime, nonce } : undefined;
}

export async function findRefreshToken(db: Db, tokenSha256: string): Promise<RefreshTokenState | undefined> {
  const [row] = await db
    .select({
      loginId: refreshTokens.loginId,
      revokeCause: logins.revokeCause,
      spentTime: refreshTokens.spentTime,
      nonce: refreshTokens.successorNonce,
      isRecent: sql<boolean>`coalesce(${refreshTokens.spentTime} > clock_timestamp() - ${repeatWindow}, false)`,
    })
    .from(refreshTokens)
    .innerJoin(logins, eq(logins.loginId, refreshTokens.loginId))
    .where(eq(refreshTokens.tokenSha256, tokenSha256));
  return row;
}

export async function findLoginOfRefreshToken(db: Db, tokenSha256: string): Promise<string | undefined> {
  const [row] = await db
    .select({ loginId: refreshTokens.loginId })
    .from(refreshTokens)
    .where(eq(refreshTokens.tokenSha256, tokenSha256));
  return row?.loginId;
}

/** Revokes a login and all tokens that it issued. Undefined if it is gone or was revoked before. */
export async function revokeLogin(
  db: Db,
  loginId: string,
  revokeCause?: string,
): Promise<LoginOwner | undefined> {
  const [owner] = await revoke(db, eq(logins.loginId, loginId), revokeCause);
  return owner;
}

/** The organisation and the user of a login, and its API key. */
export type LoginOwner = Pick<typeof logins.$inferSelect, "orgId" | "userId" | "apiKeyId">;

async function revoke(db: Db, which: SQL | undefined, revokeCause?: string): Promise<LoginOwner[]> {
  return db
    .update(logins)
    .set({ revokeTime: sql`now()`, revokeCause })
    .where(and(which, isNull(logins.revokeTime)))
    .returning({ orgId: logins.orgId, userId: logins.userId, apiKeyId: logins.apiKeyId });
}

const ofUser = ({ orgId }: Pick<Scope, "orgId">, userId: string) =>
  and(eq(logins.orgId, orgId), eq(logins.userId, userId));

/** Removes expired logins. */
export async function deleteExpiredLogins(db: Db): Promise<void> {
  await db.delete(logins).where(lt(logins.expireTime, sql`now()`));
  await db.delete(refreshTokens).where(lt(refreshTokens.expireTime, sql`now()`));
}

/** Revokes all logins of a user, except one. */
export async function revokeLoginsOfUser(
  db: Db,
  scope: Pick<Scope, "orgId">,
  userId: string,
  exceptLoginId?: string,
): Promise<void> {
  const others = exceptLoginId === undefined ? undefined : ne(logins.loginId, exceptLoginId);
  await revoke(db, and(ofUser(scope, userId), others));
}
