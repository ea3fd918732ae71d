import { LRUCache } from "lru-cache";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { Credential } from "../dialects/dialect.ts";
import { fingerprintOf } from "./fingerprint.ts";

/** The principal of a credential, and when it expires. */
export type Verified = { readonly principal: Principal; readonly expiresAtMs: number | undefined };

/** Time to live of an entry, and so how long a revoked credential still works, in milliseconds. */
const reuseMs = 5_000;
const entriesMax = 10_000;

/** Cache of verified credentials. `connection` speeds up the lookup: it usually sends the same credential again. */
export type VerifiedCredentials = {
  /** The cached principal, if there is one. */
  recall(credential: Credential, connection?: object): Principal | undefined;
  /** Verifies a credential that is not cached. Concurrent verifications of one credential share a call. */
  verify(credential: Credential, connection?: object): Promise<Principal>;
};

export function cacheVerified(
  verify: (credential: Credential) => Promise<Verified>,
  now: () => number = Date.now,
): VerifiedCredentials {
  const known = new LRUCache<string, { principal: Principal; untilMs: number }>({ max: entriesMax });
  const running = new Map<string, Promise<Principal>>();
  const load = async (credential: Credential, key: string) => {
    try {
      const { principal, expiresAtMs = Number.POSITIVE_INFINITY } = await verify(credential);
      known.set(key, { principal, untilMs: Math.min(now() + reuseMs, expiresAtMs) });
      return principal;
    } finally {
      running.delete(key);
    }
  };
  const keyOf = fingerprinter();
  const recallKey = (key: string): Principal | undefined => {
    const found = known.get(key);
    return found && now() < found.untilMs ? found.principal : undefined;
  };
  return {
    recall: (credential, connection) => recallKey(keyOf(credential, connection)),
    async verify(credential, connection) {
      const key = keyOf(credential, connection);
      const recalled = recallKey(key);
      if (recalled) return recalled;
      const loading = running.get(key) ?? load(credential, key);
      running.set(key, loading);
      return loading;
    },
  };
}

/** Computes fingerprints, and caches the last one of each connection. */
function fingerprinter(): (credential: Credential, connection: object | undefined) => string {
  const last = new WeakMap<object, { credential: Credential; fingerprint: string }>();
  return (credential, connection) => {
    const before = connection && last.get(connection);
    if (before?.credential.value === credential.value && before.credential.case === credential.case)
      return before.fingerprint;
    const fingerprint = fingerprintOf(credential);
    if (connection) last.set(connection, { credential, fingerprint });
    return fingerprint;
  };
}
