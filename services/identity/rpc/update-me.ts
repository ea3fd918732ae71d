import type { MethodImpl } from "@connectrpc/connect";
import { UserSchema, type UserService } from "../../../gen/sluice/identity/v1/users_pb.ts";
import { etagMismatch } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required, revisionOf, updatesOf } from "../../lib/rpc/updates.ts";
import { recordEvent } from "../audit/record-event.ts";
import type { IdentityDeps } from "../deps.ts";
import { userNotFound } from "../errors.ts";
import { toUser } from "../message.ts";
import { findUser, updateUser as updateRow } from "../user-repository.ts";

const updates = updatesOf(UserSchema, { key: "user_id", writable: ["display_name"] });

export const updateMe =
  ({ db }: IdentityDeps): MethodImpl<typeof UserService.method.updateMe> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const { userId } = scope.principal;
    const user = required(request.user, "user");
    // The only writable field is the one to change.
    updates.fieldsOf(user, request.updateMask);
    const current = await findUser(db, scope, userId);
    if (!current) throw userNotFound(userId);
    updates.refuseReadOnly(user, request.updateMask, toUser(current));
    const change = { displayName: (user.displayName ?? "").normalize("NFC") };
    const row = await db.transaction(async (tx) => {
      const updated = await updateRow(tx, scope, userId, revisionOf(user.etag), change);
      if (!updated) throw etagMismatch("user", userId);
      const details = { displayNameChanged: true };
      await recordEvent(tx, scope, { kind: "user.updated", resource: `users/${userId}`, details });
      return updated;
    });
    return { user: toUser(row) };
  };
