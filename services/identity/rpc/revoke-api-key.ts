import type { MethodImpl } from "@connectrpc/connect";
import type { ApiKeyService } from "../../../gen/sluice/identity/v1/api_keys_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { allows } from "../../lib/rpc/permissions.ts";
import { deleteApiKey, findApiKey } from "../api-key-repository.ts";
import type { IdentityDeps } from "../deps.ts";
import { apiKeyNotFound, apiKeyNotYours } from "../errors.ts";

export const revokeApiKey =
  ({ db }: IdentityDeps): MethodImpl<typeof ApiKeyService.method.revokeApiKey> =>
  async ({ apiKeyId }, context) => {
    const scope = scopeOf(context);
    const { userId, roles } = scope.principal;
    const key = await findApiKey(db, scope, apiKeyId);
    if (!key) throw apiKeyNotFound(apiKeyId);
    if (key.userId !== userId && !allows(roles, "users.write")) throw apiKeyNotYours(apiKeyId);
    if (!(await deleteApiKey(db, scope, apiKeyId))) throw apiKeyNotFound(apiKeyId);
    return {};
  };
