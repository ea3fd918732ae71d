import type { MethodImpl } from "@connectrpc/connect";
import type { ApiKeyService } from "../../../gen/sluice/identity/v1/api_keys_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import type { Principal } from "../../lib/rpc/principal.ts";
import { required } from "../../lib/rpc/updates.ts";
import { newId } from "../../lib/values/ids.ts";
import {
  type ApiKeyRow,
  findKeyChain,
  insertApiKey,
  type RoleInNamespace,
} from "../api-keys/api-key-repository.ts";
import { limitsOf } from "../api-keys/chain-limits.ts";
import { areValid, type KeyLink, keysInChainMax } from "../api-keys/key-chain.ts";
import { expiryWithin } from "../api-keys/key-expiry.ts";
import { newKeyLimits } from "../api-keys/new-key-limits.ts";
import { type NewAuditEvent, recordEvent } from "../audit/record-event.ts";
import { apiKeyMark, newSecret, prefixOf, secretSha256 } from "../credentials/opaque-secret.ts";
import type { IdentityDeps } from "../deps.ts";
import { credentialInvalid, keyRightsExceeded, userNotFound } from "../errors.ts";
import { refuseRolesAbove } from "../grants/refuse-roles.ts";
import { toApiKey } from "../message.ts";
import { refuseMissingOrgs } from "../org-repository.ts";

export const createApiKey =
  ({ db }: IdentityDeps): MethodImpl<typeof ApiKeyService.method.createApiKey> =>
  async (request, context) => {
    const apiKey = required(request.apiKey, "api_key");
    const displayName = required(apiKey.displayName, "api_key.display_name");
    const scope = scopeOf(context);
    const { userId, apiKeyId: parentApiKeyId = null } = scope.principal;
    refuseRolesAbove(scope.principal.roles, apiKey.roles);
    const above = limitsOf(await keysOfCaller(db, scope));
    const limits = newKeyLimits(apiKey, scope.principal, above);
    const expireTime = expiryWithin(apiKey.expireTime, above.expireTime ?? null);
    await refuseMissingOrgs(db, limits.delegateOrgIds);
    const given = apiKey.roles.length > 0 ? apiKey.roles.map(inOrg) : rolesOf(scope.principal);
    const secret = newSecret(apiKeyMark);
    const newKey = {
      apiKeyId: newId(),
      parentApiKeyId,
      displayName,
      secretSha256: secretSha256(secret),
      prefix: prefixOf(secret),
      expireTime,
      ...limits,
    };
    try {
      const row = await db.transaction(async (tx) => {
        const inserted = await insertApiKey(tx, scope, newKey, given);
        await recordEvent(tx, scope, creationOf(inserted));
        return inserted;
      });
      return { apiKey: toApiKey(row), secret };
    } catch (error) {
      const violated = violatedConstraint(error);
      if (violated === "api_keys_user_exists") throw userNotFound(userId);
      if (violated === "api_keys_parent_exists") throw credentialInvalid();
      throw error;
    }
  };

const inOrg = (role: string): RoleInNamespace => ({ role, namespace: null });

/** All roles of a caller. */
const rolesOf = ({ roles, grants = [] }: Principal): RoleInNamespace[] => [
  ...roles.map(inOrg),
  ...grants.flatMap(({ namespace, roles: some }) => some.map((role) => ({ role, namespace }))),
];

const creationOf = ({ apiKeyId, roles, expireTime }: ApiKeyRow): NewAuditEvent => ({
  kind: "api_key.created",
  resource: `api_keys/${apiKeyId}`,
  details: { roles, ...(expireTime && { expireTime: expireTime.toISOString() }) },
});

/** The caller's key and those above it. Throws if no key can be made with it. */
async function keysOfCaller(db: Db, scope: Scope): Promise<readonly KeyLink[]> {
  const { apiKeyId, delegate } = scope.principal;
  if (delegate) throw keyRightsExceeded("user_id", "a caller who speaks for another user makes no keys");
  if (apiKeyId === undefined) return [];
  const keys = await findKeyChain(db, scope, apiKeyId);
  if (keys.length === 0 || !areValid(keys)) throw credentialInvalid();
  if (keys.length >= keysInChainMax)
    throw keyRightsExceeded("parent_api_key_id", `${keysInChainMax} keys in a chain`);
  return keys;
}
