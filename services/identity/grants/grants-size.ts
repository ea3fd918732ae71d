import { type SQL, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { grantsTooLarge } from "../errors.ts";

/** Most bytes of the roles in namespaces, which each call carries in a header. The contract of CreateGrant states it. */
const bytesMax = 16 * 1024;
/** Bytes that a namespace takes beside its name: as much as all roles do. */
const overheadBytes = 64;

/** Refuses rights in more namespaces than a call can carry. */
export function refuseLargeGrants(grants: readonly { readonly namespace: string }[]): void {
  const bytes = grants.reduce((sum, { namespace }) => sum + namespace.length + overheadBytes, 0);
  if (bytes > bytesMax) throw grantsTooLarge(bytesMax);
}

type Grantee = {
  readonly userId?: string | null;
  readonly apiKeyId?: string | null;
  readonly groupName?: string | null;
};

/**
 * Refuses a change, already made in the caller's transaction, that leaves the user or key, or a user of the group, with
 * grants in more namespaces than a call can carry. Grants of a whole organisation don't count, so that one that goes later
 * leaves nobody with too many.
 */
export async function refuseTooManyNamespaces(tx: Db, scope: Scope, grantee: Grantee): Promise<void> {
  if (await isTooLarge(tx, scope, grantee)) throw grantsTooLarge(bytesMax);
}

async function isTooLarge(tx: Db, { orgId }: Scope, { userId, apiKeyId, groupName }: Grantee) {
  const ofOrg = sql`granted.org_id = ${orgId}`;
  // Few organisations have as many: the users of a group need no look then.
  if (!(await exceeds(tx, ofOrg))) return false;
  if (apiKeyId) return exceeds(tx, sql`${ofOrg} and granted.api_key_id = ${apiKeyId}`);
  const isConcerned = userId ? sql`member.user_id = ${userId}` : sql`${groupName} = any(member.groups)`;
  const ofMember = sql`${ofOrg} and (granted.user_id = member.user_id or granted.group_name = any(member.groups))`;
  const rows = await tx.execute(sql`
    select from identity.users member
    where member.org_id = ${orgId} and ${isConcerned} and ${bytesOf(ofMember)} > ${bytesMax} limit 1`);
  if (rows.length > 0) return true;
  return groupName ? exceeds(tx, sql`${ofOrg} and granted.group_name = ${groupName}`) : false;
}

async function exceeds(tx: Db, where: SQL): Promise<boolean> {
  const [row] = await tx.execute<{ large: boolean }>(sql`select ${bytesOf(where)} > ${bytesMax} as large`);
  return row?.large === true;
}

/** Bytes of the namespaces of grants. */
const bytesOf = (where: SQL): SQL => sql`(
  select coalesce(sum(octet_length(place.namespace) + ${overheadBytes}::int), 0) from (
    select distinct granted.namespace from identity.grants granted where ${where} and granted.namespace is not null
  ) place)`;
