import type { MethodImpl } from "@connectrpc/connect";
import type { ApiKeyService } from "../../../gen/sluice/identity/v1/api_keys_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { cutPage, pageOf } from "../../lib/rpc/paging.ts";
import * as repository from "../api-key-repository.ts";
import type { IdentityDeps } from "../deps.ts";
import { toApiKey } from "../message.ts";

export const listApiKeys =
  ({ db }: IdentityDeps): MethodImpl<typeof ApiKeyService.method.listApiKeys> =>
  async (request, context) => {
    const page = pageOf(request);
    const read = await repository.listApiKeys(db, scopeOf(context), page);
    const { rows, nextPageToken } = cutPage(read, page, ({ apiKeyId }) => apiKeyId);
    return { apiKeys: rows.map(toApiKey), nextPageToken };
  };
