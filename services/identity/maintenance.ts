import { runPeriodically } from "../lib/process/run-periodically.ts";
import { deleteExpiredResets } from "./accounts/reset-repository.ts";
import { deleteStaleAttempts } from "./credentials/attempt-repository.ts";
import { rotateSigningKeys } from "./credentials/key-ring.ts";
import type { IdentityDeps } from "./deps.ts";
import { reencrypt } from "./encryption/reencrypt.ts";
import { deleteExpiredLogins } from "./login-repository.ts";

const pauseMs = 10 * 60_000;

/** Rotates the signing keys, removes expired rows, and encrypts values with the current key, now and every ten minutes, until `stop` aborts. */
export function maintain(
  { db, vault, log }: Pick<IdentityDeps, "db" | "vault" | "log">,
  stop: AbortSignal,
): Promise<void> {
  const failureText = "maintenance failed; the next round tries again";
  return runPeriodically({ pauseMs, stop, log, failureText }, async () => {
    await rotateSigningKeys(db, vault);
    await deleteExpiredLogins(db);
    await deleteStaleAttempts(db);
    await deleteExpiredResets(db);
    await reencrypt({ db, vault, log }, stop);
  });
}
