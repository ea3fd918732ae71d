import type { MethodImpl } from "@connectrpc/connect";
import type { AuthService } from "../../../gen/sluice/identity/v1/auth_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import {
  allowsEverywhere,
  delegatePermission,
  namespacesOf,
  permissionsOf,
} from "../../lib/rpc/permissions.ts";

export const whoAmI: MethodImpl<typeof AuthService.method.whoAmI> = (_request, context) => {
  const { principal } = scopeOf(context);
  const { orgId, userId, apiKeyId = "", roles, delegate } = principal;
  const held = permissionsOf(roles).filter((permission) => namespacesOf(principal, permission).length > 0);
  // No role has it, so it is not among those of the roles.
  const named = allowsEverywhere(principal, delegatePermission) ? [delegatePermission] : [];
  return {
    orgId,
    userId,
    apiKeyId,
    roles: [...roles],
    permissions: [...held, ...named].sort(),
    delegateUserId: delegate?.userId ?? "",
    delegateApiKeyId: delegate?.apiKeyId ?? "",
  };
};
