import { create } from "@bufbuild/protobuf";
import type { MethodImpl } from "@connectrpc/connect";
import { CreateOrgResponseSchema, OrgService } from "../../../gen/sluice/identity/v1/orgs_pb.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required } from "../../lib/rpc/updates.ts";
import { newId } from "../../lib/values/ids.ts";
import { hashPassword } from "../credentials/password.ts";
import type { IdentityDeps } from "../deps.ts";
import { emailTaken, orgNameTaken } from "../errors.ts";
import { toOrg, toUser } from "../message.ts";
import { insertOrg } from "../org-repository.ts";
import { onceRequested } from "../requests.ts";
import { insertUser } from "../user-repository.ts";

export const createOrg =
  (deps: IdentityDeps): MethodImpl<typeof OrgService.method.createOrg> =>
  async (request, context) => {
    const { name, displayName } = required(request.org, "org");
    const admin = required(request.admin, "admin");
    const passwordHash = await deps.withHashPermit(() => hashPassword(admin.password));
    const call = { method: OrgService.method.createOrg, request };
    try {
      return await onceRequested(deps, scopeOf(context), call, async (tx) => {
        const org = await insertOrg(tx, { orgId: newId(), name, displayName });
        const user = await insertUser(tx, {
          userId: newId(),
          orgId: org.orgId,
          email: admin.email,
          displayName: admin.displayName,
          passwordHash,
          roles: ["admin"],
        });
        return create(CreateOrgResponseSchema, { org: toOrg(org), admin: toUser(user) });
      });
    } catch (error) {
      const violated = violatedConstraint(error);
      if (violated === "orgs_name_unique") throw orgNameTaken(name);
      if (violated === "users_email_unique") throw emailTaken(admin.email);
      throw error;
    }
  };
