import type { MethodImpl } from "@connectrpc/connect";
import { OrgSchema, type OrgService } from "../../../gen/sluice/identity/v1/orgs_pb.ts";
import { etagMismatch } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required, revisionOf, updatesOf } from "../../lib/rpc/updates.ts";
import { recordEvent } from "../audit/record-event.ts";
import type { IdentityDeps } from "../deps.ts";
import { orgNotFound } from "../errors.ts";
import { toOrg } from "../message.ts";
import { findOrg, updateOrg as updateRow } from "../org-repository.ts";

const updates = updatesOf(OrgSchema, { key: "org_id", writable: ["display_name"] });

export const updateOrg =
  ({ db }: IdentityDeps): MethodImpl<typeof OrgService.method.updateOrg> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const org = required(request.org, "org");
    const fields = updates.fieldsOf(org, request.updateMask);
    const current = await findOrg(db, scope, org.orgId);
    if (!current) throw orgNotFound(org.orgId);
    updates.refuseReadOnly(org, request.updateMask, toOrg(current));
    // The only writable field is the one to change.
    const change = { displayName: (org.displayName ?? "").normalize("NFC") };
    const row = await db.transaction(async (tx) => {
      const updated = await updateRow(tx, scope, org.orgId, revisionOf(org.etag), change);
      if (!updated) throw etagMismatch("org", org.orgId);
      const audited = { ...scope, orgId: updated.orgId };
      await recordEvent(tx, audited, {
        kind: "org.updated",
        resource: `orgs/${org.orgId}`,
        details: { fields },
      });
      return updated;
    });
    return { org: toOrg(row) };
  };
