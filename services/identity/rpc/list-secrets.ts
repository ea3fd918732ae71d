import type { MethodImpl } from "@connectrpc/connect";
import type { SecretService } from "../../../gen/sluice/identity/v1/secrets_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { IdentityDeps } from "../deps.ts";
import { toSecret } from "../message.ts";
import * as repository from "../secret-repository.ts";

export const listSecrets =
  ({ db }: IdentityDeps): MethodImpl<typeof SecretService.method.listSecrets> =>
  async (request, context) => {
    const { rows, ...page } = await repository.listSecrets(db, scopeOf(context), request);
    return { secrets: rows.map(toSecret), ...page };
  };
