import type { Db } from "../../lib/database/database.ts";
import type { Semaphore } from "../../lib/process/semaphore.ts";
import type { Passwords } from "../credentials/password.ts";
import { passwordRefused } from "../errors.ts";
import { type AccountTexts, passwordFault } from "./password-policy.ts";
import { saltOf } from "./salt-repository.ts";

type Deps = {
  readonly db: Db;
  readonly passwords: Passwords;
  readonly withHashPermit: Semaphore;
};

/** Hashes a password that is to be set. Throws PASSWORD_REFUSED for `field` if the account can't have it. */
export async function hashNewPassword(
  { db, passwords, withHashPermit }: Deps,
  { field, password, account }: { field: string; password: string; account: AccountTexts },
): Promise<string> {
  const fault = passwordFault(password, account);
  if (fault) throw passwordRefused(field, fault);
  const salt = await saltOf(db, account.email);
  return withHashPermit(() => passwords.hash(password, salt));
}
