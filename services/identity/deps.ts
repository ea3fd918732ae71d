import type { Db } from "../lib/database/database.ts";
import type { Logger } from "../lib/telemetry/log.ts";
import type { KeyRing } from "./credentials/key-ring.ts";
import type { Semaphore } from "./credentials/semaphore.ts";
import type { Vault } from "./vault.ts";

/** What the handlers of identity work with. */
export type IdentityDeps = {
  readonly db: Db;
  readonly keyRing: KeyRing;
  readonly vault: Vault;
  /** In front of whatever hashes a password. */
  readonly withHashPermit: Semaphore;
  readonly log: Logger;
};
