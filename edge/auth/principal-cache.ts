import { LRUCache } from "lru-cache";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { Verified } from "./verified-credentials.ts";

const entriesMax = 10_000;

/** Cache of principals by a key of what identity was asked. */
export type PrincipalCache<Subject> = {
  /** The cached principal, if there is one. */
  recall(key: string): Principal | undefined;
  /** Verifies a subject that is not cached. Concurrent verifications of one key share a call. */
  verify(key: string, subject: Subject): Promise<Principal>;
};

export function createPrincipalCache<Subject>(
  verify: (subject: Subject) => Promise<Verified>,
  { reuseMs, now = Date.now }: { readonly reuseMs: number; readonly now?: (() => number) | undefined },
): PrincipalCache<Subject> {
  const known = new LRUCache<string, { principal: Principal; untilMs: number }>({ max: entriesMax });
  const running = new Map<string, Promise<Principal>>();
  const load = async (key: string, subject: Subject) => {
    const startMs = now();
    try {
      const { principal, expiresAtMs = Number.POSITIVE_INFINITY } = await verify(subject);
      known.set(key, { principal, untilMs: Math.min(startMs + reuseMs, expiresAtMs) });
      return principal;
    } finally {
      running.delete(key);
    }
  };
  const recall = (key: string): Principal | undefined => {
    const found = known.get(key);
    return found && now() < found.untilMs ? found.principal : undefined;
  };
  return {
    recall,
    async verify(key, subject) {
      const recalled = recall(key);
      if (recalled) return recalled;
      const loading = running.get(key) ?? load(key, subject);
      running.set(key, loading);
      return loading;
    },
  };
}
