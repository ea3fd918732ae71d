import { roleNotGrantable } from "../errors.ts";
import { covers, platformAdminRole } from "./roles.ts";

/** Refuses roles of an API key that allow more than the caller's roles. */
export function refuseRolesAbove(held: readonly string[], granted: readonly string[]): void {
  refuse(granted.find((role) => !covers(held, role)));
}

/** Refuses roles of a user that allow more than the caller's, and the platform administrator's. */
export function refuseRolesForUser(held: readonly string[], granted: readonly string[]): void {
  refuse(granted.find((role) => role === platformAdminRole || !covers(held, role)));
}

function refuse(role: string | undefined): void {
  if (role !== undefined) throw roleNotGrantable(role);
}
