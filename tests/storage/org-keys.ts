import { randomBytes, randomUUID } from "node:crypto";
import type { OrgKey, OrgKeys } from "../../services/storage/objects/encrypted/org-keys.ts";

/** Keys of organisations in memory. */
export function memoryKeys(): OrgKeys {
  const keys = new Map<string, OrgKey>();
  return {
    async current(orgId) {
      const key = keys.get(orgId) ?? { keyId: randomUUID(), key: randomBytes(32) };
      keys.set(orgId, key);
      return key;
    },
    async find(orgId, keyId) {
      const key = keys.get(orgId);
      return key?.keyId === keyId ? key : undefined;
    },
  };
}
