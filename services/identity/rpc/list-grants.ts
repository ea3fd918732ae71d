import type { MethodImpl } from "@connectrpc/connect";
import type { GrantService } from "../../../gen/sluice/identity/v1/grants_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { IdentityDeps } from "../deps.ts";
import * as repository from "../grants/grant-repository.ts";
import { toGrant } from "../message.ts";

export const listGrants =
  ({ db }: IdentityDeps): MethodImpl<typeof GrantService.method.listGrants> =>
  async (request, context) => {
    const { rows, ...page } = await repository.listGrants(db, scopeOf(context), request, request);
    return { grants: rows.map(toGrant), ...page };
  };
