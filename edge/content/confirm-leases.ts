import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { LRUCache } from "lru-cache";
import {
  BlobService,
  ConfirmLeasesRequestSchema,
  ConfirmLeasesResponseSchema,
} from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { leaseMs } from "../../services/lib/content/lease-time.ts";
import { assertionHeader, type Signer } from "../../services/lib/rpc/principal.ts";
import { callUnary } from "../upstream/call-unary.ts";
import { policyOf } from "../upstream/policy.ts";
import type { Upstream } from "../upstream/upstream.ts";

/** Leases of one call. Stands in the contract. */
const leasesMax = 1000;
/** How long storage may take, in milliseconds. */
const confirmMs = 2_000;

/** Whether a lease still holds. A service that does not answer does not confirm. */
export type ConfirmLease = (lease: string) => Promise<boolean>;

type Waiting = Map<string, PromiseWithResolvers<boolean>>;

/** Confirmations that are remembered for as long as they may be used. */
const confirmedMax = 4096;

/**
 * Asks about many leases at a time: a call costs the same for one as for a hundred. One call is on its way, and what comes
 * meanwhile goes into the next, so that each answer is younger than the read that waits for it. It is used again for
 * `leaseMs`; whoever changes a file waits that long before the change is answered.
 */
export function createConfirmLease(
  ask: (leases: readonly string[]) => Promise<readonly boolean[]>,
  now: () => number = () => performance.now(),
): ConfirmLease {
  const waiting: Waiting = new Map();
  const confirmed = new LRUCache<string, number>({ max: confirmedMax });
  let isAsking = false;
  const askAll = async () => {
    while (waiting.size > 0) {
      const asked = [...waiting].slice(0, leasesMax);
      for (const [lease] of asked) waiting.delete(lease);
      const untilMs = now() + leaseMs;
      const valid = await ask(asked.map(([lease]) => lease)).catch((): boolean[] => []);
      for (const [at, [lease, { resolve }]] of asked.entries()) {
        if (valid[at] === true) confirmed.set(lease, untilMs);
        else confirmed.delete(lease);
        resolve(valid[at] === true);
      }
    }
    isAsking = false;
  };
  return async (lease) => {
    if (now() < (confirmed.get(lease) ?? 0)) return true;
    const asked = waiting.get(lease) ?? Promise.withResolvers<boolean>();
    waiting.set(lease, asked);
    if (!isAsking) {
      isAsking = true;
      // After all requests that have arrived by now were looked at.
      setImmediate(() => void askAll());
    }
    return asked.promise;
  };
}

/** Asks the service that handed the files over. */
export const askUpstream =
  (upstream: () => Upstream, signer: Signer) =>
  async (leases: readonly string[]): Promise<readonly boolean[]> => {
    const { error, message } = await callUnary(upstream(), {
      policy: policyOf(BlobService.method.confirmLeases),
      headers: { [assertionHeader]: await signer.assertionFor(undefined) },
      timeoutMs: confirmMs,
      message: toBinary(
        ConfirmLeasesRequestSchema,
        create(ConfirmLeasesRequestSchema, { leases: [...leases] }),
      ),
    });
    if (error || !message) throw error;
    return fromBinary(ConfirmLeasesResponseSchema, message).areValid;
  };
