import { allows, permissionsOf } from "../lib/rpc/permissions.ts";

/** Only the bootstrap user has it. */
export const platformAdminRole = "platform-admin";

/** Roles that administer the organisation. */
export const adminRoles: readonly string[] = ["admin", platformAdminRole];

export const isAdmin = (held: readonly string[]): boolean => held.some((role) => adminRoles.includes(role));

/** Whether `held` allow everything that `role` allows. */
export const covers = (held: readonly string[], role: string): boolean =>
  permissionsOf([role]).every((permission) => allows(held, permission));

/** Effective roles of a user. With a key, only those roles of the key that the user's own roles cover. */
export const rolesOfHolder = (holder: { userRoles: string[]; keyRoles: string[] | null }): string[] =>
  holder.keyRoles?.filter((role) => covers(holder.userRoles, role)) ?? holder.userRoles;
