import type { MethodImpl } from "@connectrpc/connect";
import type { PolicyService } from "../../../gen/sluice/identity/v1/policy_pb.ts";
import { requireDelegatingKey } from "../delegation/require-key.ts";
import { refuseUser, resolveOrg, resolveUser } from "../delegation/resolve.ts";
import { servicePrincipalOf } from "../delegation/service-principal.ts";
import { rightsOfUser } from "../delegation/user-rights.ts";
import type { IdentityDeps } from "../deps.ts";
import { withoutPlatform } from "../grants/roles.ts";

export const resolveDelegate =
  (deps: IdentityDeps): MethodImpl<typeof PolicyService.method.resolveDelegate> =>
  async ({ apiKeyId, org, user }) => {
    const key = await requireDelegatingKey(deps.db, apiKeyId);
    const orgId = await resolveOrg(deps, key, org);
    const userId =
      user === ""
        ? await servicePrincipalOf(deps.db, key, orgId)
        : await resolveUser(deps, key, { orgId, user });
    const rights = await rightsOfUser(deps.db, { orgId, userId });
    if (!rights) refuseUser(user);
    return { orgId, userId, grants: rights.grants, roles: withoutPlatform(rights.roles) };
  };
