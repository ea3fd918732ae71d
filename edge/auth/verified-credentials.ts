import { LRUCache } from "lru-cache";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { Credential } from "../dialects/dialect.ts";
import { fingerprintOf } from "./fingerprint.ts";

/** The principal of a credential, and when it expires. */
export type Verified = { readonly principal: Principal; readonly expiresAtMs: number | undefined };

/**
 * Verifies a credential. One that was sent with a call under way may be an access token that has expired since, if its login
 * still stands.
 */
export type VerifyCredential = (credential: Credential, use: CredentialUse) => Promise<Verified>;

/** The call that a credential is verified for. */
type CredentialUse = { readonly underWay: boolean; readonly clientAddress: string };

/**
 * Time for which a verification holds for new calls, from its start, and so how long a revoked credential still works, in
 * milliseconds.
 */
const reuseMs = 5_000;
/** The same for calls under way. It leaves time to verify again and to end them within `reuseMs`. */
const reuseUnderWayMs = 3_000;
const entriesMax = 10_000;

/** Cache of verified credentials. `connection` speeds up the lookup: it usually sends the same credential again. */
export type VerifiedCredentials = {
  /** The cached principal, if there is one. */
  recall(credential: Credential, connection?: object): Principal | undefined;
  /** Verifies a credential that is not cached. Concurrent verifications of one credential share a call. */
  verify(credential: Credential, connection?: object, clientAddress?: string): Promise<Principal>;
  /** Verifies the credential of a call under way, unless that was done a moment ago. */
  verifyAgain(credential: Credential, connection?: object): Promise<Principal>;
};

type Entry = { readonly principal: Principal; readonly verifiedAtMs: number; readonly untilMs: number };

export function cacheVerified(verify: VerifyCredential, now: () => number = Date.now): VerifiedCredentials {
  const known = new LRUCache<string, Entry>({ max: entriesMax });
  const load = async (credential: Credential, key: string, use: CredentialUse) => {
    const verifiedAtMs = now();
    try {
      const { principal, expiresAtMs = Number.POSITIVE_INFINITY } = await verify(credential, use);
      known.set(key, { principal, verifiedAtMs, untilMs: Math.min(verifiedAtMs + reuseMs, expiresAtMs) });
      return principal;
    } catch (error) {
      if (use.underWay) known.delete(key);
      throw error;
    }
  };
  const loadNew = shareLoads((credential, key, clientAddress) =>
    load(credential, key, { underWay: false, clientAddress }),
  );
  const loadUnderWay = shareLoads((credential, key, clientAddress) =>
    load(credential, key, { underWay: true, clientAddress }),
  );
  const keyOf = fingerprinter();
  const recallKey = (key: string): Principal | undefined => {
    const found = known.get(key);
    return found && now() < found.untilMs ? found.principal : undefined;
  };
  return {
    recall: (credential, connection) => recallKey(keyOf(credential, connection)),
    async verify(credential, connection, clientAddress = "") {
      const key = keyOf(credential, connection);
      return recallKey(key) ?? loadNew(credential, key, clientAddress);
    },
    async verifyAgain(credential, connection) {
      const key = keyOf(credential, connection);
      const found = known.get(key);
      const isRecent = found !== undefined && now() < found.verifiedAtMs + reuseUnderWayMs;
      return isRecent ? found.principal : loadUnderWay(credential, key, "");
    },
  };
}

type Load = (credential: Credential, key: string, clientAddress: string) => Promise<Principal>;

/** Concurrent loads of one key share a call. */
function shareLoads(load: Load): Load {
  const running = new Map<string, Promise<Principal>>();
  return (credential, key, clientAddress) => {
    const known = running.get(key);
    if (known) return known;
    const loading = load(credential, key, clientAddress).finally(() => running.delete(key));
    running.set(key, loading);
    return loading;
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
