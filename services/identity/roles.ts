import { allows, permissionsOf } from "../lib/rpc/permissions.ts";

/** Given to the bootstrap user only. */
export const platformAdminRole = "platform-admin";

/** Roles whose holder administers the organisation. */
export const adminRoles: readonly string[] = ["admin", platformAdminRole];

export const isAdmin = (held: readonly string[]): boolean => held.some((role) => adminRoles.includes(role));

/** Whether `held` allow everything that `role` does. */
export const covers = (held: readonly string[], role: string): boolean =>
  permissionsOf([role]).every((permission) => allows(held, permission));

/** What a user may do now, with a key: what goes no further than the user's own roles. */
export const rolesOfHolder = (holder: { userRoles: string[]; keyRoles: string[] | null }): string[] =>
  holder.keyRoles?.filter((role) => covers(holder.userRoles, role)) ?? holder.userRoles;
