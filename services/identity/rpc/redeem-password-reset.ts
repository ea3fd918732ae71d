import type { MethodImpl } from "@connectrpc/connect";
import { AuditMethod } from "../../../gen/sluice/identity/v1/audit_pb.ts";
import type { AuthService } from "../../../gen/sluice/identity/v1/auth_pb.ts";
import { clientAddressOf } from "../accounts/client-address.ts";
import { hashNewPassword } from "../accounts/new-password.ts";
import { deleteReset, findUserOfReset } from "../accounts/reset-repository.ts";
import { recordEvent } from "../audit/record-event.ts";
import { attemptOf, forgetFailures } from "../credentials/login-attempts.ts";
import { secretSha256 } from "../credentials/opaque-secret.ts";
import type { IdentityDeps } from "../deps.ts";
import { resetTokenInvalid } from "../errors.ts";
import { revokeLoginsOfUser } from "../login-repository.ts";
import { lockActiveUser, setPasswordHash } from "../user-repository.ts";

export const redeemPasswordReset =
  (deps: IdentityDeps): MethodImpl<typeof AuthService.method.redeemPasswordReset> =>
  async ({ resetToken, newPassword }, context) => {
    const tokenSha256 = secretSha256(resetToken);
    const user = await findUserOfReset(deps.db, tokenSha256);
    if (!user) throw resetTokenInvalid();
    const proposed = { field: "new_password", password: newPassword, account: user };
    const passwordHash = await hashNewPassword(deps, proposed);
    const address = clientAddressOf(context);
    await deps.db.transaction(async (tx) => {
      const isSpent = (await deleteReset(tx, tokenSha256)) && (await lockActiveUser(tx, user.userId));
      if (!isSpent) throw resetTokenInvalid();
      await setPasswordHash(tx, user.userId, passwordHash);
      await revokeLoginsOfUser(tx, user, user.userId);
      // The user has probably just failed to log in here.
      for (const org of ["", user.orgName]) await forgetFailures(tx, attemptOf(address, { ...user, org }));
      const { orgId, userId } = user;
      await recordEvent(
        tx,
        { orgId, principal: { userId } },
        { kind: "password.redeemed", method: AuditMethod.RESET_TOKEN, resource: `users/${userId}` },
      );
    });
    return {};
  };
