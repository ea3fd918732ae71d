import type { MethodImpl } from "@connectrpc/connect";
import type { PolicyService } from "../../../gen/sluice/identity/v1/policy_pb.ts";
import type { IdentityDeps } from "../deps.ts";
import { apiKeyNotFound, userNotFound } from "../errors.ts";
import { findHolderOfUser } from "../login-repository.ts";
import { rightsOfHolder } from "../rights.ts";

/** The organisation is a field of the request: background work has no caller. */
export const getPrincipal =
  ({ db }: IdentityDeps): MethodImpl<typeof PolicyService.method.getPrincipal> =>
  async ({ orgId, userId, apiKeyId }) => {
    const holder = await findHolderOfUser(db, { orgId }, userId, apiKeyId || null);
    if (!holder) throw userNotFound(userId);
    if (apiKeyId && holder.apiKeyId === null) throw apiKeyNotFound(apiKeyId);
    const { roles, grants, limit } = await rightsOfHolder(db, holder);
    return { roles, grants, ...(limit && { limit }) };
  };
