import type { MethodImpl } from "@connectrpc/connect";
import type { ApiKeyService } from "../../../gen/sluice/identity/v1/api_keys_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import * as repository from "../api-keys/api-key-repository.ts";
import type { IdentityDeps } from "../deps.ts";
import { toApiKey } from "../message.ts";

export const listApiKeys =
  ({ db }: IdentityDeps): MethodImpl<typeof ApiKeyService.method.listApiKeys> =>
  async (request, context) => {
    const { rows, ...page } = await repository.listApiKeys(db, scopeOf(context), request);
    return { apiKeys: rows.map(toApiKey), ...page };
  };
