import type { Db } from "../lib/database/database.ts";
import { delegatePermission } from "../lib/rpc/permissions.ts";
import { limitsOf } from "./api-keys/chain-limits.ts";
import type { KeyLink } from "./api-keys/key-chain.ts";
import { type GrantRow, listGrantsOf } from "./grants/grant-repository.ts";
import { refuseLargeGrants } from "./grants/grants-size.ts";
import { commonRoles, covers, platformAdminRole } from "./grants/roles.ts";
import type { Holder } from "./login-repository.ts";

/** What a credential allows now. */
export type HeldRights = {
  /** Roles in the whole organisation. */
  roles: string[];
  /** Further roles in single namespaces. */
  grants: { namespace: string; roles: string[] }[];
  limit?: { permissions: string[]; namespaces: string[] };
  /** The earliest expiry of the key and those above it. */
  expireTime?: Date;
};

type Granted = Pick<GrantRow, "namespace" | "role">;

/** Current rights of the holder of a credential. */
export async function rightsOfHolder(
  db: Db,
  { orgId, userId, groups, keys }: Pick<Holder, "orgId" | "userId" | "groups" | "keys">,
): Promise<HeldRights> {
  return rightsFrom(await listGrantsOf(db, orgId, { userId, groups, apiKeyId: null }), keys);
}

/**
 * Rights from the grants of a user and of the user's groups, which the key and every key above it limit: in the
 * organisation and in each namespace the greatest roles that all cover. ResourceExhausted if they are in more
 * namespaces than a call can carry. Two limits that have nothing in common leave no roles: an empty limit would allow
 * all.
 */
export function rightsFrom(ofUser: readonly Granted[], keys: readonly KeyLink[] = []): HeldRights {
  const user = byNamespace(ofUser);
  const held = keys.reduceRight((roles, key) => shared(roles, byNamespace(key.granted)), user);
  const { permissions: named, namespaces, expireTime } = limitsOf(keys);
  const mayDelegate = delegates(rolesIn(user, null), keys);
  const permissions = named?.filter((permission) => permission !== delegatePermission || mayDelegate);
  const isNothing = permissions?.length === 0 || namespaces?.length === 0;
  const isLimited = permissions !== undefined || namespaces !== undefined;
  return {
    ...(isNothing ? { roles: [], grants: [] } : rolesAndGrants(held)),
    ...(isLimited &&
      !isNothing && { limit: { permissions: permissions ?? [], namespaces: namespaces ?? [] } }),
    ...(expireTime && { expireTime }),
  };
}

/** Whether the key has the permission by name, was made with a login, and its user is a platform administrator now. */
const delegates = (userRoles: readonly string[], [key, ...above]: readonly KeyLink[]): boolean =>
  above.length === 0 &&
  key?.permissions.includes(delegatePermission) === true &&
  covers(userRoles, platformAdminRole);

/** Roles by namespace; null is the whole organisation. */
type RolesByNamespace = ReadonlyMap<string | null, readonly string[]>;

function rolesAndGrants(held: RolesByNamespace): Pick<HeldRights, "roles" | "grants"> {
  const roles = rolesIn(held, null);
  const grants: HeldRights["grants"] = [];
  for (const [namespace, some] of held) {
    if (namespace === null) continue;
    // A role in the whole organisation needs no repetition.
    const further = some.filter((role) => !roles.includes(role));
    if (further.length > 0) grants.push({ namespace, roles: further.toSorted() });
  }
  refuseLargeGrants(grants);
  return { roles: roles.toSorted(), grants: grants.sort((a, b) => (a.namespace < b.namespace ? -1 : 1)) };
}

function byNamespace(granted: readonly Granted[]): RolesByNamespace {
  const roles = new Map<string | null, string[]>();
  for (const { namespace, role } of granted) {
    const held = roles.get(namespace) ?? [];
    if (!held.includes(role)) held.push(role);
    roles.set(namespace, held);
  }
  return roles;
}

/** Roles that both cover, in each namespace that one of them names. */
function shared(held: RolesByNamespace, key: RolesByNamespace): RolesByNamespace {
  const names = new Set([null, ...held.keys(), ...key.keys()]);
  return new Map([...names].map((name) => [name, commonRoles(rolesIn(held, name), rolesIn(key, name))]));
}

const rolesIn = (held: RolesByNamespace, namespace: string | null): readonly string[] =>
  namespace === null
    ? (held.get(null) ?? [])
    : [...new Set([...(held.get(null) ?? []), ...(held.get(namespace) ?? [])])];
