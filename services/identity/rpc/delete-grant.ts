import type { MethodImpl } from "@connectrpc/connect";
import type { GrantService } from "../../../gen/sluice/identity/v1/grants_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { grantEvent } from "../audit/grant-event.ts";
import { recordEvent } from "../audit/record-event.ts";
import type { IdentityDeps } from "../deps.ts";
import { grantNotFound } from "../errors.ts";
import { deleteGrant as deleteRow } from "../grants/grant-repository.ts";
import { refuseRolesForUser } from "../grants/refuse-roles.ts";
import { platformAdminRole, rolesHeldIn } from "../grants/roles.ts";
import { lockOrg } from "../org-repository.ts";
import { refuseLosingAdmin } from "../refuse-losing-admin.ts";

export const deleteGrant =
  ({ db }: IdentityDeps): MethodImpl<typeof GrantService.method.deleteGrant> =>
  async ({ grantId }, context) => {
    const scope = scopeOf(context);
    await db.transaction(async (tx) => {
      await lockOrg(tx, scope);
      const row = await deleteRow(tx, scope, grantId);
      if (!row) throw grantNotFound(grantId);
      if (row.role !== platformAdminRole)
        refuseRolesForUser(rolesHeldIn(scope.principal, row.namespace), [row.role]);
      await recordEvent(tx, scope, grantEvent("grant.removed", row));
      await refuseLosingAdmin(tx, scope, row.userId ?? row.apiKeyId ?? row.groupName ?? "");
    });
    return {};
  };
