import { roleNotGrantable } from "./errors.ts";
import { covers, platformAdminRole } from "./roles.ts";

/** Nobody gives an API key a role that allows more than their own do. */
export function refuseRolesAbove(held: readonly string[], given: readonly string[]): void {
  refuse(given.find((role) => !covers(held, role)));
}

/** Nor a user; and nobody makes another platform administrator. */
export function refuseRolesForUser(held: readonly string[], given: readonly string[]): void {
  refuse(given.find((role) => role === platformAdminRole || !covers(held, role)));
}

function refuse(role: string | undefined): void {
  if (role !== undefined) throw roleNotGrantable(role);
}
