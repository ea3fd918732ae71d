import type { Db } from "../lib/database/database.ts";
import type { Jobs } from "../lib/jobs/jobs.ts";
import type { Semaphore } from "../lib/process/semaphore.ts";
import type { Logger } from "../lib/telemetry/log.ts";
import type { KeyUses } from "./api-keys/key-uses.ts";
import type { AuditPeers } from "./audit/audit-peers.ts";
import type { Refusals } from "./audit/refusals.ts";
import type { KeyRing } from "./credentials/key-ring.ts";
import type { Passwords } from "./credentials/password.ts";
import type { ContentClients } from "./namespaces/content-clients.ts";
import type { Issuers } from "./oidc/issuer.ts";
import type { Vault } from "./vault.ts";

/** Dependencies of the handlers. */
export type IdentityDeps = {
  readonly db: Db;
  readonly keyRing: KeyRing;
  readonly vault: Vault;
  readonly passwords: Passwords;
  readonly issuers: Issuers;
  readonly keyUses: KeyUses;
  /** Bounds how many passwords are hashed at the same time. */
  readonly withHashPermit: Semaphore;
  readonly jobs: Jobs;
  /** Services that keep content in namespaces. */
  readonly contents: ContentClients;
  /** Other services that have audit events. */
  readonly auditPeers: AuditPeers;
  /** Refused logins, on the way into the audit log. */
  readonly refusals: Pick<Refusals, "note">;
  readonly log: Logger;
};
