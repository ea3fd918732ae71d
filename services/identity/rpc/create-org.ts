import { create } from "@bufbuild/protobuf";
import type { MethodImpl } from "@connectrpc/connect";
import { CreateOrgResponseSchema, OrgService } from "../../../gen/sluice/identity/v1/orgs_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import { required } from "../../lib/rpc/updates.ts";
import { newId } from "../../lib/values/ids.ts";
import { hashNewPassword } from "../accounts/new-password.ts";
import { recordEvent } from "../audit/record-event.ts";
import type { IdentityDeps } from "../deps.ts";
import { orgNameTaken } from "../errors.ts";
import { toOrg, toUser } from "../message.ts";
import { insertOrg } from "../org-repository.ts";
import { onceRequested } from "../requests.ts";
import { insertUser } from "../user-repository.ts";

export const createOrg =
  (deps: IdentityDeps): MethodImpl<typeof OrgService.method.createOrg> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const { name, displayName = "" } = required(request.org, "org");
    const admin = required(request.admin, "admin");
    const passwordHash = await hashNewPassword(deps, {
      field: "admin.password",
      password: admin.password,
      account: { email: admin.email, displayName: admin.displayName ?? "", orgName: name },
    });
    const call = { method: OrgService.method.createOrg, request };
    try {
      return await onceRequested(deps, scope, call, async (tx) => {
        const org = await insertOrg(tx, { orgId: newId(), name, displayName: displayName.normalize("NFC") });
        const user = await insertUser(tx, {
          userId: newId(),
          orgId: org.orgId,
          email: admin.email,
          displayName: (admin.displayName ?? "").normalize("NFC"),
          passwordHash,
          roles: ["admin"],
        });
        await recordCreation(tx, scope, { orgId: org.orgId, userId: user.userId });
        return create(CreateOrgResponseSchema, { org: toOrg(org), admin: toUser(user) });
      });
    } catch (error) {
      if (violatedConstraint(error) === "orgs_name_unique") throw orgNameTaken(name);
      throw error;
    }
  };

/** In the new organisation's chain, and in that of the caller's. */
async function recordCreation(tx: Db, scope: Scope, { orgId, userId }: { orgId: string; userId: string }) {
  const event = { kind: "org.created", resource: `orgs/${orgId}` } as const;
  const audited = { ...scope, orgId };
  await recordEvent(tx, audited, event);
  const details = { roles: ["admin"] };
  await recordEvent(tx, audited, { kind: "user.created", resource: `users/${userId}`, details });
  await recordEvent(tx, scope, event);
}
