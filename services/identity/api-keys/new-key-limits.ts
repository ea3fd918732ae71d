import type { ApiKey } from "../../../gen/sluice/identity/v1/api_keys_pb.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import { delegatePermission, permissions as known, namespacesOf } from "../../lib/rpc/permissions.ts";
import type { Principal } from "../../lib/rpc/principal.ts";
import { keyRightsExceeded } from "../errors.ts";
import { covers, platformAdminRole } from "../grants/roles.ts";
import type { ApiKeyRow } from "./api-key-repository.ts";
import type { ChainLimits } from "./chain-limits.ts";

/** What a key limits beside its roles and its expiry. */
export type KeyLimits = Pick<ApiKeyRow, "permissions" | "namespaces" | "delegateOrgIds" | "defaultOrgId">;

type Requested = Pick<ApiKey, "permissions" | "namespaces" | "delegateOrgIds" | "defaultOrgId">;

/**
 * Limits of a new key: the requested ones, else those of the keys above, without the permission to speak for others.
 * Throws if they allow more than the caller.
 */
export function newKeyLimits(requested: Requested, caller: Principal, above: ChainLimits): KeyLimits {
  const inherited = above.permissions?.filter((permission) => permission !== delegatePermission);
  const permissions = within("permissions", requested.permissions, inherited);
  refuseUnknown(permissions);
  for (const permission of requested.permissions) refuseUnlessHeld(permission, caller);
  return refuseInconsistent({
    permissions,
    namespaces: within("namespaces", requested.namespaces, above.namespaces),
    delegateOrgIds: requested.delegateOrgIds,
    defaultOrgId: requested.defaultOrgId || null,
  });
}

/** The requested values, or the limit where there are none. Throws if one exceeds the limit. */
export function within(
  field: string,
  requested: readonly string[],
  limit: readonly string[] | undefined,
): string[] {
  if (limit && requested.some((value) => !limit.includes(value)))
    throw keyRightsExceeded(field, limit.join(", ") || "nothing");
  return [...(requested.length > 0 ? requested : (limit ?? []))];
}

export function refuseUnknown(permissions: readonly string[]): void {
  const index = permissions.findIndex((permission) => !known.includes(permission));
  if (index < 0) return;
  const text = `is no permission; these are: ${known.join(", ")}`;
  throw invalidField(`api_key.permissions[${index}]`, text);
}

/** The organisations of delegated calls belong to their permission. */
export function refuseInconsistent(limits: KeyLimits): KeyLimits {
  const { permissions, namespaces, delegateOrgIds, defaultOrgId } = limits;
  const delegates = permissions.includes(delegatePermission);
  if (delegates && delegateOrgIds.length === 0)
    throw invalidField("api_key.delegate_org_ids", `is required with the permission ${delegatePermission}`);
  if (delegates && namespaces.length > 0)
    throw invalidField(
      "api_key.namespaces",
      `must be empty with the permission ${delegatePermission}, which concerns whole organisations`,
    );
  if (!delegates && delegateOrgIds.length > 0)
    throw invalidField("api_key.delegate_org_ids", `needs the permission ${delegatePermission}`);
  if (defaultOrgId !== null && !delegateOrgIds.includes(defaultOrgId))
    throw invalidField("api_key.default_org_id", "must be one of delegate_org_ids");
  return limits;
}

function refuseUnlessHeld(permission: string, caller: Principal): void {
  const isHeld =
    permission === delegatePermission
      ? caller.apiKeyId === undefined && covers(caller.roles, platformAdminRole)
      : namespacesOf(caller, permission).length > 0;
  if (!isHeld) throw keyRightsExceeded("permissions", `the caller can't give the permission ${permission}`);
}
