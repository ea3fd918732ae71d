import { timingSafeEqual } from "node:crypto";
import type { Db } from "../../lib/database/database.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { runPeriodically } from "../../lib/process/run-periodically.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { newId } from "../../lib/values/ids.ts";
import { holdLock } from "../advisory-lock.ts";
import {
  type ApiKeyRow,
  deleteApiKey,
  deleteOtherFileKeys,
  findKeyOfFile,
  insertApiKey,
} from "../api-keys/api-key-repository.ts";
import { recordEvent } from "../audit/record-event.ts";
import { secretSha256 } from "../credentials/opaque-secret.ts";
import type { IdentityDeps } from "../deps.ts";
import { findOrgByName } from "../org-repository.ts";
import { ensureServicePrincipal } from "./ensure-service-principal.ts";
import { readServiceKey, type ServicePrincipal } from "./settings.ts";

/** Pause between two looks at the files, and without files. */
const [lookMs, restMs] = [5_000, 600_000];

type Options = {
  readonly servicePrincipals: readonly ServicePrincipal[];
  readonly secretsFolder: string | undefined;
};

/**
 * Keeps the keys of secret files equal to the files, now and every five seconds, until `stop` aborts. Keys of files that
 * the settings no longer name are revoked. A file that is gone or malformed keeps its key, and is logged.
 */
export async function keepServiceKeys(
  { db, log }: Pick<IdentityDeps, "db" | "log">,
  { servicePrincipals, secretsFolder = "" }: Options,
  stop: AbortSignal,
): Promise<void> {
  const files = servicePrincipals.map(({ secretFile }) => secretFile);
  const stored = new Map<string, string>();
  let isCleaned = false;
  const pauseMs = files.length > 0 ? lookMs : restMs;
  const failureText = "the keys of secret files could not be compared; the next round tries again";
  await runPeriodically({ pauseMs, stop, log, failureText }, async () => {
    // Once: a process with newer settings may have keys that this one does not name.
    if (!isCleaned) await deleteOtherFileKeys(db, files);
    isCleaned = true;
    for (const principal of servicePrincipals) {
      const { secretFile } = principal;
      const key = readServiceKey(secretsFolder, secretFile);
      if (key === undefined) log.warn({ secretFile }, "a secret file has no key: the last one stays valid");
      else if (stored.get(secretFile) !== secretSha256(key)) {
        await storeKey(db, principal, secretSha256(key));
        stored.set(secretFile, secretSha256(key));
      }
    }
  });
}

/** Creates the principal and its key, or replaces the key. Several processes may run this at the same time. */
function storeKey(db: Db, principal: ServicePrincipal, hash: string): Promise<void> {
  return db
    .transaction(async (tx) => {
      await holdLock(tx, "service principals");
      const org = await findOrgByName(tx, principal.org);
      if (!org) throw new Error(`SERVICE_PRINCIPALS: there is no organisation ${principal.org}`);
      const scope = await ensureServicePrincipal(tx, org, principal);
      const known = await findKeyOfFile(tx, principal.secretFile);
      const isSame = known && known.userId === scope.principal.userId && equals(known.secretSha256, hash);
      if (isSame && sameRoles(known.roles, principal.roles)) return;
      if (known) await revoke(tx, scope, known);
      const key = {
        apiKeyId: newId(),
        displayName: `secret file ${principal.secretFile}`,
        secretFile: principal.secretFile,
        secretSha256: hash,
        prefix: "",
        ...unlimited,
      };
      const given = principal.roles.map((role) => ({ role, namespace: null }));
      await insertApiKey(tx, scope, key, given);
      const { orgId } = scope;
      const { secretFile, roles } = principal;
      const details = { roles, secretFile, ...(known && { replacedApiKeyId: known.apiKeyId }) };
      // The server did it: there is no actor.
      await recordEvent(
        tx,
        { orgId },
        { kind: "api_key.created", resource: `api_keys/${key.apiKeyId}`, details },
      );
    })
    .catch((error) => {
      if (violatedConstraint(error) !== "api_keys_secret_unique") throw error;
      throw new Error(`SERVICE_PRINCIPALS: the key of the file ${principal.secretFile} is another key's`);
    });
}

type FileKey = Pick<ApiKeyRow, "orgId" | "apiKeyId" | "userId">;

/** Removes the key of a file's earlier content, which may be that of another organisation. */
async function revoke(tx: Db, scope: Scope, { orgId, apiKeyId, userId }: FileKey): Promise<void> {
  await deleteApiKey(tx, { ...scope, orgId }, apiKeyId);
  const event = { kind: "api_key.revoked", resource: `api_keys/${apiKeyId}`, details: { userId } } as const;
  await recordEvent(tx, { orgId }, event);
}

const unlimited = {
  parentApiKeyId: null,
  expireTime: null,
  permissions: [],
  namespaces: [],
  delegateOrgIds: [],
  defaultOrgId: null,
};

const equals = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));

const sameRoles = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((role) => other.includes(role));
