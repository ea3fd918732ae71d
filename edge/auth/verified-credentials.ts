import { LRUCache } from "lru-cache";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { Credential } from "../dialects/dialect.ts";
import { fingerprintOf } from "./fingerprint.ts";

/** Whom a credential stands for, and until when; without an end it does not expire. */
export type Verified = { readonly principal: Principal; readonly expiresAtMs: number | undefined };

/** How long an answer is used again: a revoked credential works this much longer at the most. */
const reuseMs = 5_000;
const entriesMax = 10_000;

/** Whom credentials stand for; `connection` is where one is shown, which usually shows the same again. */
export type VerifiedCredentials = {
  /** What is remembered of a credential. */
  recall(credential: Credential, connection?: object): Principal | undefined;
  /** The same, or else asks; callers that ask for the same one at once share a call. */
  verify(credential: Credential, connection?: object): Promise<Principal>;
};

/** Remembers verified credentials for a moment. */
export function rememberVerified(
  verify: (credential: Credential) => Promise<Verified>,
  now: () => number = Date.now,
): VerifiedCredentials {
  const known = new LRUCache<string, { principal: Principal; untilMs: number }>({ max: entriesMax });
  const running = new Map<string, Promise<Principal>>();
  const ask = async (credential: Credential, key: string) => {
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
      const asked = running.get(key) ?? ask(credential, key);
      running.set(key, asked);
      return asked;
    },
  };
}

/** Computes fingerprints; a connection that shows the same credential again is not computed for again. */
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
