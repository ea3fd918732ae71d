import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { groupNotGrantable, userOutranksCaller } from "../errors.ts";
import { listGrantsOf } from "./grant-repository.ts";
import { covers, rolesHeldIn } from "./roles.ts";

/** Refuses groups whose roles, in the organisation or a namespace, allow more than the caller's: they are given with them. */
export async function refuseGroupsAbove(
  db: Db,
  { orgId, principal }: Scope,
  groups: readonly string[],
): Promise<void> {
  const granted = await listGrantsOf(db, orgId, { userId: null, groups, apiKeyId: null });
  const above = granted.find(({ role, namespace }) => !covers(rolesHeldIn(principal, namespace), role));
  if (above) throw groupNotGrantable(above.groupName ?? "", above.role);
}

/** Refuses a user with a role that the caller does not cover, whether by grants of the user or of a group. */
export async function refuseOutranking(
  db: Db,
  { orgId, principal }: Scope,
  { userId, groups }: { userId: string; groups: string[] },
): Promise<void> {
  const granted = await listGrantsOf(db, orgId, { userId, groups, apiKeyId: null });
  if (granted.some(({ role, namespace }) => !covers(rolesHeldIn(principal, namespace), role)))
    throw userOutranksCaller(userId);
}
