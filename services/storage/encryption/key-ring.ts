import { randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Db } from "../../lib/database/database.ts";
import { outsideCalls } from "../../lib/rpc/call.ts";
import { newId } from "../../lib/values/ids.ts";
import type { OrgKey, OrgKeys } from "../objects/encrypted/org-keys.ts";
import type { MasterKeys } from "./master-keys.ts";
import { findKey, findNewestKey, insertKey, type OrgKeyRow } from "./org-key-repository.ts";

const keyBytes = 32;
/** Most unwrapped keys in memory. */
const cachedMax = 10_000;

/**
 * The keys of the organisations, unwrapped. `db` must not be the pool of the transactions that store objects: a key that is
 * needed within one would wait for a connection that such transactions hold.
 */
export function createKeyRing(db: Db, masterKeys: MasterKeys): OrgKeys {
  const currents = new LRUCache<string, Promise<OrgKey>>({ max: cachedMax });
  const known = new LRUCache<string, OrgKey>({ max: cachedMax });
  const unwrap = (row: OrgKeyRow): OrgKey => {
    const key = unwrapKey(masterKeys, row);
    known.set(textOf(row), key);
    return key;
  };
  const findOrCreate = async (orgId: string): Promise<OrgKey> => {
    const row = await findNewestKey(db, { orgId }, masterKeys.keyId);
    if (row) return unwrap(row);
    const created = createKey(masterKeys, orgId);
    // Two processes may each create one: both are kept, and each wraps what its process stores.
    await insertKey(db, created);
    return unwrap({ ...created, createTime: new Date() });
  };
  return {
    current(orgId) {
      const cached = currents.get(orgId);
      if (cached) return cached;
      // Calls share the key: none of them may cancel its statements.
      const finding = outsideCalls(() => findOrCreate(orgId));
      currents.set(orgId, finding);
      finding.catch(() => currents.peek(orgId) === finding && currents.delete(orgId));
      return finding;
    },
    async find(orgId, keyId) {
      const cached = known.get(textOf({ orgId, keyId }));
      if (cached) return cached;
      const row = await outsideCalls(() => findKey(db, { orgId }, keyId));
      return row && unwrap(row);
    },
  };
}

/** Unwraps a key. Throws if its master key is not there, or if the row was changed. */
export const unwrapKey = (masterKeys: MasterKeys, row: OrgKeyRow): OrgKey => ({
  keyId: row.keyId,
  key: masterKeys.unwrap(row.masterKeyId, row.wrapped, contextOf(row)),
});

/** Wraps a key with the current master key. */
export const wrapKey = (
  masterKeys: MasterKeys,
  { key, ...row }: Pick<OrgKeyRow, "keyId" | "orgId"> & { readonly key: Uint8Array },
) => ({ masterKeyId: masterKeys.keyId, wrapped: masterKeys.wrap(key, contextOf(row)) });

function createKey(masterKeys: MasterKeys, orgId: string): Omit<OrgKeyRow, "createTime"> {
  const keyId = newId();
  const wrapped = wrapKey(masterKeys, { keyId, orgId, key: randomBytes(keyBytes) });
  return { keyId, orgId, firstMasterKeyId: masterKeys.keyId, ...wrapped };
}

const contextOf = ({ orgId, keyId }: Pick<OrgKeyRow, "orgId" | "keyId">): readonly string[] => [
  "key of an organisation",
  orgId,
  keyId,
];

const textOf = ({ orgId, keyId }: Pick<OrgKeyRow, "orgId" | "keyId">): string => `${orgId}/${keyId}`;
