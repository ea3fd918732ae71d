import type { MethodImpl } from "@connectrpc/connect";
import type { ApiKeyService } from "../../../gen/sluice/identity/v1/api_keys_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { findApiKey } from "../api-keys/api-key-repository.ts";
import type { IdentityDeps } from "../deps.ts";
import { apiKeyNotFound } from "../errors.ts";
import { toApiKey } from "../message.ts";

export const getApiKey =
  ({ db }: IdentityDeps): MethodImpl<typeof ApiKeyService.method.getApiKey> =>
  async ({ apiKeyId }, context) => {
    const key = await findApiKey(db, scopeOf(context), apiKeyId);
    if (!key) throw apiKeyNotFound(apiKeyId);
    return { apiKey: toApiKey(key) };
  };
