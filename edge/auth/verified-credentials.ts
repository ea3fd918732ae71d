import { LRUCache } from "lru-cache";
import type { Principal } from "../../services/lib/principal.ts";
import { type Credential, fingerprintOf } from "./credential.ts";

/** Whom a credential stands for, and until when; without an end it does not expire. */
export type Verified = { readonly principal: Principal; readonly expiresAtMs: number | undefined };

/** How long an answer is used again: a revoked credential works this much longer at the most. */
const reuseMs = 5_000;
const entriesMax = 10_000;

/** Remembers verified credentials for a moment; callers that ask for the same one at once share a call. */
export function rememberVerified(
  verify: (credential: Credential) => Promise<Verified>,
  now: () => number = Date.now,
): (credential: Credential, connection?: object) => Promise<Principal> {
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
  return async (credential, connection) => {
    const key = keyOf(credential, connection);
    const found = known.get(key);
    if (found && now() < found.untilMs) return found.principal;
    const asked = running.get(key) ?? ask(credential, key);
    running.set(key, asked);
    return asked;
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
