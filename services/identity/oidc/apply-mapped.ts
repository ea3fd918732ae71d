import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { accountUnknown } from "../errors.ts";
import { platformAdminRole } from "../grants/roles.ts";
import { lockOrg } from "../org-repository.ts";
import { findActiveAdmin, findUser, type UserChange, updateUser } from "../user-repository.ts";
import { type ExternalIdentity, groupsAfter } from "./external-identity-repository.ts";
import { groupsMax, type Mapped } from "./map-claims.ts";

/**
 * Replaces the user's roles and the groups of the issuer by those of its rules. The platform administrator keeps that
 * role, and an organisation's last active administrator stays one: no claim may leave an organisation without any.
 * Throws accountUnknown for too many groups.
 */
export async function applyMapped(
  tx: Db,
  issuer: string,
  identity: ExternalIdentity,
  { roles, groups }: Mapped,
): Promise<void> {
  const { orgId, userId } = identity;
  // A sign-in acts as its user.
  const scope: Scope = { orgId, namespaces: "all", principal: { orgId, userId, roles: [] } };
  const user = await findUser(tx, scope, userId);
  if (!user) return;
  const kept = user.roles.filter((role) => role === platformAdminRole);
  const next = {
    roles: roles ? [...new Set([...roles, ...kept])].sort() : user.roles,
    groups: groupsAfter(identity, groups),
  };
  if (next.groups.length > groupsMax) throw accountUnknown(issuer, "groups_exceeded");
  if (isSame(user.roles, next.roles) && isSame(user.groups, next.groups)) return;
  await lockOrg(tx, scope);
  const change = (fields: UserChange) => updateUser(tx, scope, userId, undefined, fields);
  await change(next);
  if (!(await findActiveAdmin(tx, scope))) await change({ roles: [...next.roles, "admin"] });
}

const isSame = (held: readonly string[], next: readonly string[]): boolean =>
  held.length === next.length && held.every((name) => next.includes(name));
