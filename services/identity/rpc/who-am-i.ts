import type { MethodImpl } from "@connectrpc/connect";
import type { AuthService } from "../../../gen/sluice/identity/v1/auth_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { permissionsOf } from "../../lib/rpc/permissions.ts";

export const whoAmI: MethodImpl<typeof AuthService.method.whoAmI> = (_request, context) => {
  const { orgId, userId, apiKeyId = "", roles } = scopeOf(context).principal;
  return { orgId, userId, apiKeyId, roles: [...roles], permissions: permissionsOf(roles) };
};
