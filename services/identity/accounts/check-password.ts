import { AuditMethod } from "../../../gen/sluice/identity/v1/audit_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import type { Semaphore } from "../../lib/process/semaphore.ts";
import type { Refusals } from "../audit/refusals.ts";
import {
  type Attempt,
  countAttempt,
  settleAttempt,
  settleForAddress,
} from "../credentials/login-attempts.ts";
import type { Passwords } from "../credentials/password.ts";
import { accountInactive, loginAttemptsExceeded, passwordInvalid, type Refusal } from "../errors.ts";
import { type Account, findAccounts, updatePasswordHash } from "../user-repository.ts";
import { saltOf } from "./salt-repository.ts";

/** The account of a right password. `settle` clears its failures, in the transaction of the login. */
export type CheckedPassword = {
  readonly userId: string;
  readonly passwordHash: string;
  settle(tx: Db): Promise<void>;
};

type PasswordDeps = {
  readonly db: Db;
  readonly passwords: Passwords;
  readonly withHashPermit: Semaphore;
  readonly refusals: Pick<Refusals, "note">;
};
type PasswordLogin = { readonly email: string; readonly password: string; readonly org: string };

/**
 * Finds the account of a password among those of an e-mail address, or throws. Every call derives one hash: whether and where
 * the address has accounts, and whether the attempt is refused, is not visible in its time.
 */
export async function checkPassword(
  deps: PasswordDeps,
  login: PasswordLogin,
  { attempt, tellsInactive }: { attempt: Attempt; tellsInactive: boolean },
): Promise<CheckedPassword> {
  const { db, passwords, withHashPermit } = deps;
  // Attempts are counted once they have a permit, so that parallel logins of one user do not exhaust the limit.
  const { refusal, accounts, matches } = await withHashPermit(async () => {
    const refusal = await countAttempt(db, attempt);
    const accounts = await findAccounts(db, login, attempt.place);
    const hashes = accounts.map(({ passwordHash }) => passwordHash);
    return { refusal, accounts, matches: await passwords.matches(login.password, hashes) };
  });
  if (!accounts.some(({ isActive }, index) => isActive && matches[index])) noteRefusals(deps, accounts);
  const account = onlyMatch(accounts, matches, { refusal, tellsInactive });
  const passwordHash = await upgradeHash(deps, login, account);
  return {
    userId: account.userId,
    passwordHash,
    settle: settlement(
      attempt,
      refusal,
      accounts.filter(({ isActive }) => isActive),
    ),
  };
}

/** Each organisation learns of the failed login of its own account. */
function noteRefusals({ refusals }: PasswordDeps, accounts: readonly Account[]): void {
  for (const { orgId, userId } of accounts) refusals.note({ orgId, userId, method: AuditMethod.PASSWORD });
}

/**
 * The active account whose password it is. A refused attempt can only be for accounts that know its place. With
 * `tellsInactive`, the error for a right password of an inactive account says so.
 */
function onlyMatch(
  accounts: readonly Account[],
  matches: readonly boolean[],
  { refusal, tellsInactive }: { refusal: Refusal | undefined; tellsInactive: boolean },
): Account {
  const matching = accounts.filter((account, index) => matches[index] && (!refusal || account.isKnownPlace));
  const [account, ...others] = matching.filter(({ isActive }) => isActive);
  if (account && others.length === 0) return account;
  if (!account && matching.length > 0 && tellsInactive) throw accountInactive();
  throw refusal ? loginAttemptsExceeded(refusal) : passwordInvalid();
}

function settlement(attempt: Attempt, refusal: Refusal | undefined, accounts: readonly Account[]) {
  return async (tx: Db): Promise<void> => {
    if (refusal) return;
    // A user of two organisations could otherwise guess at the other one's password without limit, by own successes.
    if (accounts.length === 1) await settleAttempt(tx, attempt);
    else await settleForAddress(tx, attempt);
  };
}

/** Stores a hash with today's parameters, which needs the password. Concurrent calls make the same one: the salt is. */
async function upgradeHash(
  { db, passwords, withHashPermit }: PasswordDeps,
  { password, email }: PasswordLogin,
  { userId, passwordHash: before }: Account,
): Promise<string> {
  if (!passwords.isOutdated(before)) return before;
  const salt = await saltOf(db, email);
  const after = await withHashPermit(() => passwords.hash(password, salt));
  await updatePasswordHash(db, { userId, before, after });
  return after;
}
