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
import { required, revisionOf, updatesOf } from "../../lib/rpc/updates.ts";
import { recordEvent } from "../audit/record-event.ts";
import type { IdentityDeps } from "../deps.ts";
import { userNotFound } from "../errors.ts";
import { refuseTooManyNamespaces } from "../grants/grants-size.ts";
import { refuseGroupsAbove } from "../grants/refuse-groups.ts";
import { refuseRolesForUser } from "../grants/refuse-roles.ts";
import { rolesHeldIn } from "../grants/roles.ts";
import { revokeLoginsOfUser } from "../login-repository.ts";
import { toUser } from "../message.ts";
import { lockOrg } from "../org-repository.ts";
import { refuseLosingAdmin } from "../refuse-losing-admin.ts";
import { findUser, type UserChange, type UserRow, updateUser as updateRow } from "../user-repository.ts";

const updates = updatesOf(UserSchema, {
  key: "user_id",
  writable: ["display_name", "roles", "groups", "active"],
});

export const updateUser =
  ({ db }: IdentityDeps): MethodImpl<typeof UserService.method.updateUser> =>
  async (request, context) => {
    const user = required(request.user, "user");
    const change = changeOf(user, request);
    const row = await db.transaction((tx) =>
      applyChange(tx, scopeOf(context), user, { change, updateMask: request.updateMask }),
    );
    return { user: toUser(row) };
  };

function changeOf(user: User, { updateMask }: UpdateUserRequest): UserChange {
  const change: UserChange = {};
  for (const field of updates.fieldsOf(user, updateMask)) {
    if (field === "display_name") change.displayName = (user.displayName ?? "").normalize("NFC");
    if (field === "roles") change.roles = user.roles;
    if (field === "groups") change.groups = user.groups;
    if (field === "active") change.active = required(user.active, "user.active");
  }
  return change;
}

type Update = { readonly change: UserChange } & Pick<UpdateUserRequest, "updateMask">;

async function applyChange(
  tx: Db,
  scope: Scope,
  user: User,
  { change, updateMask }: Update,
): Promise<UserRow> {
  await lockOrg(tx, scope);
  const current = await findUser(tx, scope, user.userId);
  if (!current) throw userNotFound(user.userId);
  const revision = revisionOf(user.etag);
  if (revision !== undefined && revision !== current.revision) throw etagMismatch("user", user.userId);
  updates.refuseReadOnly(user, updateMask, toUser(current));
  const given = change.roles?.filter((role) => !current.roles.includes(role)) ?? [];
  refuseRolesForUser(rolesHeldIn(scope.principal, null), given);
  const joined = change.groups?.filter((group) => !current.groups.includes(group)) ?? [];
  await refuseGroupsAbove(tx, scope, joined);
  const row = await updateRow(tx, scope, user.userId, revision, change);
  if (!row) throw etagMismatch("user", user.userId);
  await refuseLosingAdmin(tx, scope, row.userId);
  if (joined.length > 0) await refuseTooManyNamespaces(tx, scope, row);
  if (!row.active) await revokeLoginsOfUser(tx, scope, row.userId);
  await recordEvent(tx, scope, {
    kind: "user.updated",
    resource: `users/${row.userId}`,
    details: detailsOf(change),
  });
  return row;
}

/** The change without the name, which stays out of the events. */
const detailsOf = ({ displayName, ...change }: UserChange) => ({
  ...change,
  ...(displayName !== undefined && { displayNameChanged: true }),
});
