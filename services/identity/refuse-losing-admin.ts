import type { Db } from "../lib/database/database.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { lastAdmin, lastPlatformAdmin } from "./errors.ts";
import { findActiveAdmin, findActivePlatformAdmin } from "./user-repository.ts";

/**
 * Refuses a change, already made in the caller's transaction, that leaves the organisation without an active
 * administrator, or the installation without its platform administrator, which no call can create. The transaction has
 * to hold the organisation's lock, so that two administrators can't remove each other. `subject` is who lost a role.
 */
export async function refuseLosingAdmin(tx: Db, scope: Scope, subject: string): Promise<void> {
  if (!(await findActivePlatformAdmin(tx))) throw lastPlatformAdmin(subject);
  if (!(await findActiveAdmin(tx, scope))) throw lastAdmin(subject);
}
