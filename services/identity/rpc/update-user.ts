import type { MethodImpl } from "@connectrpc/connect";
import {
  type UpdateUserRequest,
  type User,
  UserSchema,
  type UserService,
} from "../../../gen/sluice/identity/v1/users_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { etagMismatch } from "../../lib/rpc/errors.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import { fieldsToUpdate, required, revisionOf } from "../../lib/rpc/updates.ts";
import type { IdentityDeps } from "../deps.ts";
import { userNotFound } from "../errors.ts";
import { revokeLoginsOfUser } from "../login-repository.ts";
import { toUser } from "../message.ts";
import { lockOrg } from "../org-repository.ts";
import { refuseLosingAdmin } from "../refuse-losing-admin.ts";
import { refuseRolesForUser } from "../refuse-roles.ts";
import { findUser, type UserChange, type UserRow, updateUser as updateRow } from "../user-repository.ts";

const writable = ["display_name", "roles", "active"] as const;

export const updateUser =
  ({ db }: IdentityDeps): MethodImpl<typeof UserService.method.updateUser> =>
  async (request, context) => {
    const user = required(request.user, "user");
    const change = changeOf(user, request);
    const row = await db.transaction((tx) => applyChange(tx, scopeOf(context), user, change));
    return { user: toUser(row) };
  };

function changeOf(user: User, { updateMask }: UpdateUserRequest): UserChange {
  const change: UserChange = {};
  for (const field of fieldsToUpdate(UserSchema, user, updateMask, writable)) {
    if (field === "display_name") change.displayName = user.displayName;
    if (field === "roles") change.roles = required(user.roles, "user.roles");
    if (field === "active") change.active = user.active;
  }
  return change;
}

async function applyChange(tx: Db, scope: Scope, user: User, change: UserChange): Promise<UserRow> {
  await lockOrg(tx, scope);
  const current = await findUser(tx, scope, user.userId);
  if (!current) throw userNotFound(user.userId);
  const given = change.roles?.filter((role) => !current.roles.includes(role)) ?? [];
  refuseRolesForUser(scope.principal.roles, given);
  await refuseLosingAdmin(tx, scope, current, { ...current, ...change });
  const row = await updateRow(tx, scope, user.userId, revisionOf(user.etag), change);
  if (!row) throw etagMismatch("user", user.userId);
  if (!row.active) await revokeLoginsOfUser(tx, scope, row.userId);
  return row;
}
