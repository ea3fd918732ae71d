import type { MethodImpl } from "@connectrpc/connect";
import {
  type ApiKey,
  ApiKeySchema,
  type ApiKeyService,
  type UpdateApiKeyRequest,
} from "../../../gen/sluice/identity/v1/api_keys_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import { delegatePermission } from "../../lib/rpc/permissions.ts";
import { required, updatesOf } from "../../lib/rpc/updates.ts";
import {
  type ApiKeyChange,
  type ApiKeyRow,
  lockApiKey,
  updateApiKey as updateRow,
} from "../api-keys/api-key-repository.ts";
import { expiryWithin } from "../api-keys/key-expiry.ts";
import { type KeyLimits, refuseInconsistent, refuseUnknown, within } from "../api-keys/new-key-limits.ts";
import { refuseForeignKey } from "../api-keys/refuse-foreign-key.ts";
import { recordEvent } from "../audit/record-event.ts";
import type { IdentityDeps } from "../deps.ts";
import { apiKeyNotFound, keyRightsExceeded } from "../errors.ts";
import { toApiKey } from "../message.ts";

const writable = [
  "display_name",
  "expire_time",
  "permissions",
  "namespaces",
  "delegate_org_ids",
  "default_org_id",
] as const;
const updates = updatesOf(ApiKeySchema, { key: "api_key_id", writable });

type Field = (typeof writable)[number];

export const updateApiKey =
  ({ db }: IdentityDeps): MethodImpl<typeof ApiKeyService.method.updateApiKey> =>
  async (request, context) => {
    const apiKey = required(request.apiKey, "api_key");
    const row = await db.transaction((tx) => applyChange(tx, scopeOf(context), apiKey, request));
    return { apiKey: toApiKey(row) };
  };

async function applyChange(
  tx: Db,
  scope: Scope,
  apiKey: ApiKey,
  { updateMask }: UpdateApiKeyRequest,
): Promise<ApiKeyRow> {
  const { apiKeyId } = apiKey;
  const fields = updates.fieldsOf(apiKey, updateMask);
  const current = await lockApiKey(tx, scope, apiKeyId);
  if (!current) throw apiKeyNotFound(apiKeyId);
  refuseForeignKey(scope, current);
  updates.refuseReadOnly(apiKey, updateMask, toApiKey(current));
  const row = await updateRow(tx, scope, apiKeyId, changeOf(apiKey, fields, current));
  if (!row) throw apiKeyNotFound(apiKeyId);
  const details = { fields, userId: row.userId };
  await recordEvent(tx, scope, { kind: "api_key.updated", resource: `api_keys/${apiKeyId}`, details });
  return row;
}

function changeOf(apiKey: ApiKey, fields: readonly Field[], current: ApiKeyRow): ApiKeyChange {
  const has = (field: Field) => fields.includes(field);
  return {
    ...(has("display_name") && { displayName: required(apiKey.displayName, "api_key.display_name") }),
    ...(has("expire_time") && { expireTime: earlier(apiKey, current) }),
    ...limitsOf(apiKey, has, current),
  };
}

/** Limits that allow no more than the current ones. Without the permission, the organisations of delegated calls go. */
function limitsOf(apiKey: ApiKey, has: (field: Field) => boolean, current: ApiKeyRow): KeyLimits {
  const permissions = has("permissions")
    ? narrowed("permissions", apiKey.permissions, current.permissions)
    : current.permissions;
  refuseUnknown(permissions);
  const isCut = !permissions.includes(delegatePermission) && !has("delegate_org_ids");
  const orgIds = has("delegate_org_ids")
    ? narrowed("delegate_org_ids", apiKey.delegateOrgIds, current.delegateOrgIds)
    : current.delegateOrgIds;
  const delegateOrgIds = isCut ? [] : orgIds;
  const kept = delegateOrgIds.includes(current.defaultOrgId ?? "") ? current.defaultOrgId : null;
  return refuseInconsistent({
    permissions,
    namespaces: has("namespaces")
      ? narrowed("namespaces", apiKey.namespaces, current.namespaces)
      : current.namespaces,
    delegateOrgIds,
    defaultOrgId: has("default_org_id") ? apiKey.defaultOrgId || null : kept,
  });
}

/** The requested values, if all of them are among the current ones; empty for no limit. */
function narrowed(field: string, requested: readonly string[], current: readonly string[]): string[] {
  if (current.length === 0) {
    if (requested.includes(delegatePermission))
      throw keyRightsExceeded(field, "it is given at creation only");
    return [...requested];
  }
  if (requested.length === 0) throw keyRightsExceeded(field, current.join(", "));
  return within(field, requested, current);
}

function earlier({ expireTime }: ApiKey, current: ApiKeyRow): Date | null {
  if (!expireTime && current.expireTime)
    throw keyRightsExceeded("expire_time", current.expireTime.toISOString());
  return expiryWithin(expireTime, current.expireTime);
}
