import type { MethodImpl } from "@connectrpc/connect";
import { OrgSchema, type OrgService } from "../../../gen/sluice/identity/v1/orgs_pb.ts";
import { etagMismatch } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { fieldsToUpdate, required, revisionOf } from "../../lib/rpc/updates.ts";
import type { IdentityDeps } from "../deps.ts";
import { orgNotFound } from "../errors.ts";
import { toOrg } from "../message.ts";
import { findOrg, updateOrg as updateRow } from "../org-repository.ts";

const writable = ["display_name"] as const;

export const updateOrg =
  ({ db }: IdentityDeps): MethodImpl<typeof OrgService.method.updateOrg> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const org = required(request.org, "org");
    const fields = fieldsToUpdate(OrgSchema, org, request.updateMask, writable);
    const change = fields.includes("display_name") ? { displayName: org.displayName } : {};
    const row = await updateRow(db, scope, org.orgId, revisionOf(org.etag), change);
    if (row) return { org: toOrg(row) };
    if (!(await findOrg(db, scope, org.orgId))) throw orgNotFound(org.orgId);
    throw etagMismatch("org", org.orgId);
  };
