import type { MethodImpl } from "@connectrpc/connect";
import type { ApiKeyService } from "../../../gen/sluice/identity/v1/api_keys_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { deleteApiKey, findApiKey } from "../api-keys/api-key-repository.ts";
import { refuseForeignKey } from "../api-keys/refuse-foreign-key.ts";
import { recordEvent } from "../audit/record-event.ts";
import type { IdentityDeps } from "../deps.ts";
import { apiKeyNotFound, keyOfSecretFile } from "../errors.ts";

export const revokeApiKey =
  ({ db }: IdentityDeps): MethodImpl<typeof ApiKeyService.method.revokeApiKey> =>
  async ({ apiKeyId }, context) => {
    const scope = scopeOf(context);
    const key = await findApiKey(db, scope, apiKeyId);
    if (!key) throw apiKeyNotFound(apiKeyId);
    refuseForeignKey(scope, key);
    if (key.secretFile !== null) throw keyOfSecretFile(apiKeyId, key.secretFile);
    await db.transaction(async (tx) => {
      if (!(await deleteApiKey(tx, scope, apiKeyId))) throw apiKeyNotFound(apiKeyId);
      const details = { userId: key.userId };
      await recordEvent(tx, scope, { kind: "api_key.revoked", resource: `api_keys/${apiKeyId}`, details });
    });
    return {};
  };
