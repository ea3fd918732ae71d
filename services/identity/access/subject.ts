import type { ExplainAccessRequest } from "../../../gen/sluice/identity/v1/access_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { findApiKey, findKeyChain } from "../api-keys/api-key-repository.ts";
import { areValid, type KeyLink } from "../api-keys/key-chain.ts";
import { apiKeyNotFound, userNotFound } from "../errors.ts";
import { type GrantRow, listGrantsOf } from "../grants/grant-repository.ts";
import { findUser, type UserRow } from "../user-repository.ts";

/** Somebody with grants. */
export type Subject = {
  /** `user ada@example.org`, `API key loader of user ada@example.org`, `group analysts`. */
  readonly name: string;
  /** Grants of the user or the group, also those by groups. */
  readonly granted: readonly GrantRow[];
  /** The key and those above it; empty for no key. */
  readonly keys: readonly KeyLink[];
  /** Why no call of it is accepted; undefined if they are. */
  readonly barred: string | undefined;
};

/** NotFound for a user or key of another organisation, as of none. */
export async function findSubject(
  db: Db,
  scope: Scope,
  { case: kind, value }: ExplainAccessRequest["subject"],
): Promise<Subject> {
  if (kind === "group") {
    const granted = await listGrantsOf(db, scope.orgId, { userId: null, groups: [value], apiKeyId: null });
    return { name: `group ${value}`, granted, keys: [], barred: undefined };
  }
  if (kind === "userId") return subjectOfUser(db, await existingUser(db, scope, value));
  const key = await findApiKey(db, scope, value ?? "");
  if (!key) throw apiKeyNotFound(value ?? "");
  const user = await subjectOfUser(db, await existingUser(db, scope, key.userId));
  const keys = await findKeyChain(db, scope, key.apiKeyId);
  const expired = areValid(keys) ? undefined : "the key, or one that it was made with, has expired";
  return {
    ...user,
    name: `API key ${key.displayName} of ${user.name}`,
    keys,
    barred: user.barred ?? expired,
  };
}

async function existingUser(db: Db, scope: Scope, userId: string): Promise<UserRow> {
  const user = await findUser(db, scope, userId);
  if (!user) throw userNotFound(userId);
  return user;
}

async function subjectOfUser(db: Db, { orgId, userId, groups, email, active }: UserRow): Promise<Subject> {
  const granted = await listGrantsOf(db, orgId, { userId, groups, apiKeyId: null });
  const name = `user ${email}`;
  return { name, granted, keys: [], barred: active ? undefined : `${name} is not active` };
}
