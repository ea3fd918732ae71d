import { allows, roles as everyRole, permissionsOf } from "../../lib/rpc/permissions.ts";
import type { Principal } from "../../lib/rpc/principal.ts";

/** Only the bootstrap user has it. */
export const platformAdminRole = "platform-admin";

/** Roles that administer the organisation. */
export const adminRoles: readonly string[] = ["admin", platformAdminRole];

/** Whether `held` allow everything that `role` allows. */
export const covers = (held: readonly string[], role: string): boolean =>
  permissionsOf([role]).every((permission) => allows(held, permission));

/**
 * Roles of a principal in a namespace, or in the whole organisation if `namespace` is null: those that it can give. A
 * key that is limited to some permissions gives none, and one that is limited to namespaces only roles there.
 */
export function rolesHeldIn(
  { roles, grants = [], limit }: Principal,
  namespace: string | null,
): readonly string[] {
  if (limit && limit.permissions.length > 0) return [];
  if (limit && limit.namespaces.length > 0 && !limit.namespaces.includes(namespace ?? "")) return [];
  const further = grants.find((grant) => grant.namespace === namespace)?.roles ?? [];
  return [...new Set([...roles, ...further])];
}

/**
 * The greatest roles that both cover: those of `limit` that `held` cover, and of every other role the greatest that
 * both do.
 */
export function commonRoles(held: readonly string[], limit: readonly string[]): string[] {
  const whole = limit.filter((role) => covers(held, role));
  const both = everyRole.filter((role) => covers(held, role) && covers(limit, role) && !covers(whole, role));
  const isGreatest = (role: string) => !both.some((other) => other !== role && covers([other], role));
  return [...whole, ...both.filter(isGreatest)];
}

/** The roles without that of a platform administrator, who remains an administrator of the organisation. */
export const withoutPlatform = (held: readonly string[]): string[] => [
  ...new Set(held.map((role) => (role === platformAdminRole ? "admin" : role))),
];
