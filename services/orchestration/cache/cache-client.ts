import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ResultCacheService } from "../../../gen/sluice/storage/v1/result_cache_pb.ts";
import type { MeshClient } from "../../lib/mesh/mesh-client.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import { createCircuit } from "./circuit.ts";

/** The place of a result, and the namespace that it is removed with. */
export type CachePlace = { readonly namespace: string; readonly key: string };

type LeaseRequest = { readonly waitMs: number; readonly leaseMs: number; readonly signal: AbortSignal };

/** A value, the lease to compute it, or neither: another caller computes it. */
type Leased = { readonly value?: Uint8Array | undefined; readonly leaseId: string };

/** Storage's cache. A failure of any kind is a miss; nothing is thrown. */
export type CacheClient = {
  /** Undefined if the cache does not answer. */
  lease(place: CachePlace, request: LeaseRequest): Promise<Leased | undefined>;
  /** An empty `leaseId` sets a value that was computed without one. */
  set(place: CachePlace, value: Uint8Array, ttlMs: number, leaseId: string): Promise<void>;
  giveBack(place: CachePlace, leaseId: string): Promise<void>;
};

type CacheClientOptions = {
  readonly client: Pick<
    MeshClient<typeof ResultCacheService>,
    "leaseResult" | "setResult" | "returnResultLease"
  >;
  /** How long a caller waits for the cache's answer. */
  readonly timeoutMs: number;
  readonly log: Pick<Logger, "warn">;
};

/** For calls that no caller waits for. */
const backgroundMs = 2_000;

/** While the cache fails, one call tries it at this interval. */
const circuitOptions = { failuresMax: 3, pauseMs: 5_000 };

/** Errors of a cache that works. */
const answeredCodes: readonly Code[] = [Code.NotFound, Code.ResourceExhausted];

export function createCacheClient({ client, timeoutMs, log }: CacheClientOptions): CacheClient {
  const circuit = createCircuit(circuitOptions);

  async function call<T>(signal: AbortSignal | undefined, send: () => Promise<T>): Promise<T | undefined> {
    if (!circuit.allows()) return undefined;
    try {
      const response = await send();
      circuit.succeeded();
      return response;
    } catch (err) {
      // A caller that is gone says nothing about the cache.
      if (signal?.aborted) return undefined;
      if (err instanceof ConnectError && answeredCodes.includes(err.code)) circuit.succeeded();
      else if (circuit.failed())
        log.warn({ err }, "storage's cache does not answer: results are computed each time");
      return undefined;
    }
  }

  return {
    lease: (place, { waitMs, leaseMs, signal }) =>
      call(signal, () =>
        client.leaseResult(
          { ...place, wait: durationFromMs(waitMs), lease: durationFromMs(leaseMs) },
          { timeoutMs: waitMs + timeoutMs, signal },
        ),
      ),
    async set(place, value, ttlMs, leaseId) {
      const request = { ...place, value, ttl: durationFromMs(ttlMs), leaseId };
      await call(undefined, () => client.setResult(request, { timeoutMs: backgroundMs }));
    },
    async giveBack(place, leaseId) {
      const request = { ...place, leaseId };
      await call(undefined, () => client.returnResultLease(request, { timeoutMs: backgroundMs }));
    },
  };
}
