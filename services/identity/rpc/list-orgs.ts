import type { MethodImpl } from "@connectrpc/connect";
import type { OrgService } from "../../../gen/sluice/identity/v1/orgs_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { IdentityDeps } from "../deps.ts";
import { toOrg } from "../message.ts";
import * as repository from "../org-repository.ts";

export const listOrgs =
  ({ db }: IdentityDeps): MethodImpl<typeof OrgService.method.listOrgs> =>
  async (request, context) => {
    const { rows, ...page } = await repository.listOrgs(db, scopeOf(context), request);
    return { orgs: rows.map(toOrg), ...page };
  };
