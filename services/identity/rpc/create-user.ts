import { create } from "@bufbuild/protobuf";
import type { MethodImpl } from "@connectrpc/connect";
import {
  type CreateUserRequest,
  CreateUserResponseSchema,
  UserService,
} from "../../../gen/sluice/identity/v1/users_pb.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required } from "../../lib/rpc/updates.ts";
import { newId } from "../../lib/values/ids.ts";
import { hashPassword } from "../credentials/password.ts";
import type { IdentityDeps } from "../deps.ts";
import { emailTaken, orgNotFound } from "../errors.ts";
import { toUser } from "../message.ts";
import { refuseRolesForUser } from "../refuse-roles.ts";
import { onceRequested } from "../requests.ts";
import { insertUser } from "../user-repository.ts";

const rolesDefault = ["viewer"];

export const createUser =
  (deps: IdentityDeps): MethodImpl<typeof UserService.method.createUser> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const newUser = newUserOf(request);
    refuseRolesForUser(scope.principal.roles, newUser.roles);
    const passwordHash = await deps.withHashPermit(() => hashPassword(request.password));
    const call = { method: UserService.method.createUser, request };
    try {
      return await onceRequested(deps, scope, call, async (tx) => {
        const row = await insertUser(tx, { ...newUser, orgId: scope.orgId, passwordHash });
        return create(CreateUserResponseSchema, { user: toUser(row) });
      });
    } catch (error) {
      const violated = violatedConstraint(error);
      if (violated === "users_email_unique") throw emailTaken(newUser.email);
      if (violated === "users_org_exists") throw orgNotFound(scope.orgId);
      throw error;
    }
  };

function newUserOf({ user, roles }: CreateUserRequest) {
  const { email, displayName, roles: misplaced } = required(user, "user");
  if (misplaced.length > 0) throw invalidField("user.roles", "give them in the request's own field roles");
  return {
    userId: newId(),
    email: required(email, "user.email"),
    displayName,
    roles: roles.length > 0 ? roles : rolesDefault,
  };
}
