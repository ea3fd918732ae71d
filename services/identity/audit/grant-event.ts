import type { GrantRow } from "../grants/grant-repository.ts";
import type { NewAuditEvent } from "./record-event.ts";

/** The event of a role that was given or taken back. */
export const grantEvent = (
  kind: "grant.added" | "grant.removed",
  { grantId, role, namespace, userId, apiKeyId, groupName }: GrantRow,
): NewAuditEvent => ({
  kind,
  resource: `grants/${grantId}`,
  namespace: namespace ?? "",
  details: {
    role,
    ...(userId !== null && { userId }),
    ...(apiKeyId !== null && { apiKeyId }),
    ...(groupName !== null && { group: groupName }),
  },
});
