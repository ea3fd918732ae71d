import { runPeriodically } from "../lib/process/run-periodically.ts";
import { deleteStaleAttempts } from "./attempt-repository.ts";
import { rotateSigningKeys } from "./credentials/key-ring.ts";
import type { IdentityDeps } from "./deps.ts";
import { deleteExpiredLogins } from "./login-repository.ts";

const pauseMs = 10 * 60_000;

/** Rotates the signing keys and removes what has expired, now and every ten minutes, until `stop` aborts. */
export function maintain(
  { db, vault, log }: Pick<IdentityDeps, "db" | "vault" | "log">,
  stop: AbortSignal,
): Promise<void> {
  const failureText = "maintenance failed; the next round tries again";
  return runPeriodically({ pauseMs, stop, log, failureText }, async () => {
    await rotateSigningKeys(db, vault);
    await deleteExpiredLogins(db);
    await deleteStaleAttempts(db);
  });
}
