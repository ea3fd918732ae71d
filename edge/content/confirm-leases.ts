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

/** Most leases of one call, as in the contract. */
const leasesMax = 1000;
/** Timeout of the call, in milliseconds. */
const confirmMs = 2_000;

/** Whether a lease is still valid; false if the service does not answer. */
export type ConfirmLease = (lease: string) => Promise<boolean>;

type Waiting = Map<string, PromiseWithResolvers<boolean>>;

/** Most confirmations in the cache. */
const confirmedMax = 4096;

/**
 * Confirms leases in batches: a call costs the same for one as for a hundred. Leases that are asked for during a call go
 * into the next one, so that a confirmation is never older than the read that waits for it. It is cached for `leaseMs`, and
 * the service delays the response to a change of a file by as long.
 */
export function createConfirmLease(
  ask: (leases: readonly string[]) => Promise<readonly boolean[]>,
  now: () => number = () => performance.now(),
): ConfirmLease {
  const waiting: Waiting = new Map();
  const confirmed = new LRUCache<string, number>({ max: confirmedMax });
  let isRunning = false;
  const confirmAll = async () => {
    while (waiting.size > 0) {
      const batch = [...waiting].slice(0, leasesMax);
      for (const [lease] of batch) waiting.delete(lease);
      const untilMs = now() + leaseMs;
      const valid = await ask(batch.map(([lease]) => lease)).catch((): boolean[] => []);
      for (const [at, [lease, { resolve }]] of batch.entries()) {
        if (valid[at] === true) confirmed.set(lease, untilMs);
        else confirmed.delete(lease);
        resolve(valid[at] === true);
      }
    }
    isRunning = false;
  };
  return async (lease) => {
    if (now() < (confirmed.get(lease) ?? 0)) return true;
    const pending = waiting.get(lease) ?? Promise.withResolvers<boolean>();
    waiting.set(lease, pending);
    if (!isRunning) {
      isRunning = true;
      // After the requests that have arrived by now, so that they share the call.
      setImmediate(() => void confirmAll());
    }
    return pending.promise;
  };
}

/** Confirms leases with the service that issued them. */
export const confirmWithUpstream =
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
