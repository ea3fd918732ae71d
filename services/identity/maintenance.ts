import { setTimeout } from "node:timers/promises";
import { deleteStaleAttempts } from "./attempt-repository.ts";
import { rotateSigningKeys } from "./credentials/key-ring.ts";
import type { IdentityDeps } from "./deps.ts";
import { deleteExpiredLogins } from "./login-repository.ts";

const intervalMs = 10 * 60_000;

/** Rotates the signing keys and removes what has expired, now and every ten minutes, until `stop` aborts. */
export async function maintain(
  deps: Pick<IdentityDeps, "db" | "vault" | "log">,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    try {
      await rotateSigningKeys(deps.db, deps.vault);
      await deleteExpiredLogins(deps.db);
      await deleteStaleAttempts(deps.db);
    } catch (error) {
      deps.log.warn({ err: error }, "maintenance failed; the next round tries again");
    }
    await setTimeout(intervalMs, undefined, { signal: stop }).catch(() => {});
  }
}
