import type { Db } from "../lib/database/database.ts";
import type { Logger } from "../lib/telemetry/log.ts";
import type { KeyRing } from "./credentials/key-ring.ts";
import type { Semaphore } from "./credentials/semaphore.ts";
import type { Vault } from "./vault.ts";

/** Dependencies of the handlers. */
export type IdentityDeps = {
  readonly db: Db;
  readonly keyRing: KeyRing;
  readonly vault: Vault;
  /** Bounds how many passwords are hashed at the same time. */
  readonly withHashPermit: Semaphore;
  readonly log: Logger;
};
