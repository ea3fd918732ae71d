import { create } from "@bufbuild/protobuf";
import type { MethodImpl } from "@connectrpc/connect";
import {
  type CreateUserRequest,
  CreateUserResponseSchema,
  UserService,
} from "../../../gen/sluice/identity/v1/users_pb.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { namespaceNotFound } from "../../lib/database/scope.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required } from "../../lib/rpc/updates.ts";
import { newId } from "../../lib/values/ids.ts";
import { hashNewPassword } from "../accounts/new-password.ts";
import { recordEvent } from "../audit/record-event.ts";
import type { IdentityDeps } from "../deps.ts";
import { emailTaken, orgNotFound } from "../errors.ts";
import { refuseTooManyNamespaces } from "../grants/grants-size.ts";
import { refuseGroupsAbove } from "../grants/refuse-groups.ts";
import { refuseRolesForUser } from "../grants/refuse-roles.ts";
import { rolesHeldIn } from "../grants/roles.ts";
import { toUser } from "../message.ts";
import { findOrg } from "../org-repository.ts";
import { onceRequested } from "../requests.ts";
import { insertUser } from "../user-repository.ts";

const rolesDefault = ["viewer"];

export const createUser =
  (deps: IdentityDeps): MethodImpl<typeof UserService.method.createUser> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const newUser = newUserOf(request);
    refuseRolesForUser(rolesHeldIn(scope.principal, null), newUser.roles);
    await refuseGroupsAbove(deps.db, scope, newUser.groups);
    const org = await findOrg(deps.db, scope, scope.orgId);
    if (!org) throw orgNotFound(scope.orgId);
    const passwordHash = await hashNewPassword(deps, {
      field: "password",
      password: request.password,
      account: { ...newUser, orgName: org.name },
    });
    const call = { method: UserService.method.createUser, request };
    try {
      return await onceRequested(deps, scope, call, async (tx) => {
        const row = await insertUser(tx, {
          ...newUser,
          orgId: scope.orgId,
          passwordHash,
          creatorUserId: scope.principal.userId,
        });
        await refuseTooManyNamespaces(tx, scope, row);
        const { userId, roles } = row;
        await recordEvent(tx, scope, {
          kind: "user.created",
          resource: `users/${userId}`,
          details: { roles },
        });
        return create(CreateUserResponseSchema, { user: toUser(row) });
      });
    } catch (error) {
      const violated = violatedConstraint(error);
      if (violated === "users_email_unique") throw emailTaken(newUser.email);
      if (violated === "users_org_exists") throw orgNotFound(scope.orgId);
      if (violated === "grants_namespace_exists") throw namespaceNotFound(request.namespace);
      throw error;
    }
  };

function newUserOf({ user, roles, namespace }: CreateUserRequest) {
  const { email, displayName = "", groups, roles: misplaced } = required(user, "user");
  if (misplaced.length > 0) throw invalidField("user.roles", "give them in the request's own field roles");
  return {
    userId: newId(),
    email: required(email, "user.email"),
    displayName: displayName.normalize("NFC"),
    groups,
    ...(namespace !== "" && { namespace }),
    roles: roles.length > 0 ? roles : rolesDefault,
  };
}
