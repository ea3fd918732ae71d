import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import type { UserService } from "../../../gen/sluice/identity/v1/users_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { insertReset } from "../accounts/reset-repository.ts";
import { recordEvent } from "../audit/record-event.ts";
import { newSecret, resetTokenMark, secretSha256 } from "../credentials/opaque-secret.ts";
import type { IdentityDeps } from "../deps.ts";
import { notForDelegates, userNotFound } from "../errors.ts";
import { refuseOutranking } from "../grants/refuse-groups.ts";
import { findUser } from "../user-repository.ts";

const lifetimeSecondsDefault = 24 * 60 * 60;

export const resetPassword =
  ({ db }: IdentityDeps): MethodImpl<typeof UserService.method.resetPassword> =>
  async ({ userId, lifetimeSeconds }, context) => {
    const scope = scopeOf(context);
    if (scope.principal.delegate) throw notForDelegates("a reset token");
    const user = await findUser(db, scope, userId);
    if (!user) throw userNotFound(userId);
    // The token is as good as the user's password.
    await refuseOutranking(db, scope, user);
    const resetToken = newSecret(resetTokenMark);
    const expireTime = await db.transaction(async (tx) => {
      const expires = await insertReset(tx, {
        userId,
        tokenSha256: secretSha256(resetToken),
        lifetimeSeconds: lifetimeSeconds || lifetimeSecondsDefault,
      });
      await recordEvent(tx, scope, { kind: "password.reset", resource: `users/${userId}` });
      return expires;
    });
    return { resetToken, expireTime: timestampFromDate(expireTime) };
  };
