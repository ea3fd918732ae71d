import type { Db } from "../lib/database/database.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { lastAdmin, lastPlatformAdmin } from "./errors.ts";
import { isAdmin, platformAdminRole } from "./roles.ts";
import { findOtherAdmin, type UserRow } from "./user-repository.ts";

type AdminState = Pick<UserRow, "roles" | "active">;

/**
 * Refuses a change that leaves the organisation without an active administrator, or the installation without its
 * platform administrator, which no call can create. `after` is undefined for a removal. The caller's transaction has to
 * hold the organisation's lock, so that two administrators can't remove each other.
 */
export async function refuseLosingAdmin(
  tx: Db,
  scope: Scope,
  before: UserRow,
  after: AdminState | undefined,
): Promise<void> {
  const isPlatformAdmin = before.roles.includes(platformAdminRole);
  if (isPlatformAdmin && !(after?.active && after.roles.includes(platformAdminRole))) {
    throw lastPlatformAdmin(before.userId);
  }
  if (!administers(before) || (after && administers(after))) return;
  if (!(await findOtherAdmin(tx, scope, before.userId))) throw lastAdmin(before.userId);
}

const administers = ({ roles, active }: AdminState): boolean => active && isAdmin(roles);
