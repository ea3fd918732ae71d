import type { MethodImpl } from "@connectrpc/connect";
import type { OrgService } from "../../../gen/sluice/identity/v1/orgs_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { IdentityDeps } from "../deps.ts";
import { orgNotFound } from "../errors.ts";
import { toOrg } from "../message.ts";
import * as repository from "../org-repository.ts";

export const getOrg =
  ({ db }: IdentityDeps): MethodImpl<typeof OrgService.method.getOrg> =>
  async ({ orgId }, context) => {
    const row = await repository.findOrg(db, scopeOf(context), orgId);
    if (!row) throw orgNotFound(orgId);
    return { org: toOrg(row) };
  };
