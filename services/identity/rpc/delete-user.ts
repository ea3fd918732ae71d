import type { MethodImpl } from "@connectrpc/connect";
import type { UserService } from "../../../gen/sluice/identity/v1/users_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { recordEvent } from "../audit/record-event.ts";
import type { IdentityDeps } from "../deps.ts";
import { userNotFound } from "../errors.ts";
import { lockOrg } from "../org-repository.ts";
import { refuseLosingAdmin } from "../refuse-losing-admin.ts";
import { deleteUser as deleteRow, findUser } from "../user-repository.ts";

export const deleteUser =
  ({ db }: IdentityDeps): MethodImpl<typeof UserService.method.deleteUser> =>
  async ({ userId }, context) => {
    const scope = scopeOf(context);
    await db.transaction(async (tx) => {
      await lockOrg(tx, scope);
      const current = await findUser(tx, scope, userId);
      if (!current) throw userNotFound(userId);
      await deleteRow(tx, scope, userId);
      await refuseLosingAdmin(tx, scope, userId);
      await recordEvent(tx, scope, { kind: "user.deleted", resource: `users/${userId}` });
    });
    return {};
  };
