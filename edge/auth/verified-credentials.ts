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
): (credential: Credential) => Promise<Principal> {
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
  return async (credential) => {
    const key = fingerprintOf(credential);
    const found = known.get(key);
    if (found && now() < found.untilMs) return found.principal;
    const asked = running.get(key) ?? ask(credential, key);
    running.set(key, asked);
    return asked;
  };
}
