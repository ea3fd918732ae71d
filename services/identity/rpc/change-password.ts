import type { MethodImpl } from "@connectrpc/connect";
import type { UserService } from "../../../gen/sluice/identity/v1/users_pb.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import { hashNewPassword } from "../accounts/new-password.ts";
import { deleteResetOfUser } from "../accounts/reset-repository.ts";
import { recordEvent } from "../audit/record-event.ts";
import { type Attempt, countAttempt, ownAttemptOf, settleAttempt } from "../credentials/login-attempts.ts";
import type { IdentityDeps } from "../deps.ts";
import {
  credentialInvalid,
  loginAttemptsExceeded,
  orgNotFound,
  passwordLoginRequired,
  userNotFound,
} from "../errors.ts";
import { isPasswordLogin, revokeLoginsOfUser } from "../login-repository.ts";
import { findOrg } from "../org-repository.ts";
import { findUser, updatePasswordHash } from "../user-repository.ts";

export const changePassword =
  (deps: IdentityDeps): MethodImpl<typeof UserService.method.changePassword> =>
  async ({ oldPassword, newPassword }, context) => {
    const scope = scopeOf(context);
    const { loginId, userId } = scope.principal;
    if (!loginId || !(await isPasswordLogin(deps.db, scope, loginId))) throw passwordLoginRequired();
    const { passwordHash: before, account } = await accountOf(deps, scope);
    const attempt = ownAttemptOf(userId);
    await proveOld(deps, attempt, oldPassword, before);
    const proposed = { field: "new_password", password: newPassword, account };
    const after = await hashNewPassword(deps, proposed);
    await deps.db.transaction(async (tx) => {
      if (!(await updatePasswordHash(tx, { userId, before, after }))) throw credentialInvalid();
      await settleAttempt(tx, attempt);
      await deleteResetOfUser(tx, userId);
      await revokeLoginsOfUser(tx, scope, userId, loginId);
      await recordEvent(tx, scope, { kind: "password.changed", resource: `users/${userId}` });
    });
    return {};
  };

async function accountOf({ db }: IdentityDeps, scope: Scope) {
  const { userId, orgId } = scope.principal;
  const user = await findUser(db, scope, userId);
  if (!user) throw userNotFound(userId);
  const org = await findOrg(db, scope, orgId);
  if (!org) throw orgNotFound(orgId);
  return { passwordHash: user.passwordHash, account: { ...user, orgName: org.name } };
}

/** Guesses count, so that a stolen token is not enough to find out the password. */
async function proveOld(
  { db, passwords, withHashPermit }: IdentityDeps,
  attempt: Attempt,
  oldPassword: string,
  hash: string,
): Promise<void> {
  const refusal = await countAttempt(db, attempt);
  if (refusal) throw loginAttemptsExceeded(refusal);
  const [matches] = await withHashPermit(() => passwords.matches(oldPassword, [hash]));
  if (!matches) throw credentialInvalid();
}
