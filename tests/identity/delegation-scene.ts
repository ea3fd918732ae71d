import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { DelegationService } from "../../gen/sluice/identity/v1/delegation_pb.ts";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { Identity } from "./fixtures.ts";

/** A key of the platform administrator that speaks for users of some organisations. */
export type DelegatingKey = { readonly secret: string; readonly apiKeyId: string; readonly who: Principal };

export async function newDelegatingKey(
  identity: Identity,
  { orgIds, defaultOrgId }: { orgIds: readonly string[]; defaultOrgId?: string },
): Promise<DelegatingKey> {
  const { secret, apiKey } = await identity
    .client(ApiKeyService, identity.root)
    .createApiKey({ apiKey: { displayName: "a platform" } });
  const apiKeyId = apiKey?.apiKeyId ?? "";
  await identity.database.sql`
    update identity.api_keys
    set permissions = array['principals.delegate'], delegate_org_ids = ${[...orgIds]}::uuid[],
      default_org_id = ${defaultOrgId ?? null}
    where api_key_id = ${apiKeyId}`;
  const limit = { permissions: ["principals.delegate"], namespaces: [] };
  return { secret, apiKeyId, who: { ...identity.root, apiKeyId, limit } };
}

/** Asks as the edge does. */
export const resolveDelegate = (
  identity: Identity,
  { apiKeyId }: Pick<DelegatingKey, "apiKeyId">,
  named: { org?: string; user?: string },
  process?: string,
) => identity.client(PolicyService, undefined, process).resolveDelegate({ apiKeyId, ...named });

/** External ids as the key sees them. */
export const externalIdsAs = (identity: Identity, { who }: DelegatingKey) =>
  identity.client(DelegationService, who);

export const delegateUnknown = (header: string) => ({
  code: "PermissionDenied",
  reason: "DELEGATE_UNKNOWN",
  metadata: { header },
});

export const mayNotDelegate = {
  code: "PermissionDenied",
  reason: "PERMISSION_MISSING",
  metadata: { permission: "principals.delegate" },
};
