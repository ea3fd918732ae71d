import { allows, permissionsOf } from "../lib/permissions.ts";

/** Given to the bootstrap user only. */
export const platformAdminRole = "platform-admin";

/** Roles whose holder administers the organisation. */
export const adminRoles: readonly string[] = ["admin", platformAdminRole];

export const isAdmin = (held: readonly string[]): boolean => held.some((role) => adminRoles.includes(role));

/** Whether `held` allow everything that `role` does. */
export const covers = (held: readonly string[], role: string): boolean =>
  permissionsOf([role]).every((permission) => allows(held, permission));

/** The roles of a key that go no further than what its user may do now. */
export const rolesOfKey = (keyRoles: readonly string[], userRoles: readonly string[]): string[] =>
  keyRoles.filter((role) => covers(userRoles, role));
