import { hash } from "node:crypto";
import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { durationMs, MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { response_cache } from "../../gen/sluice/common/v1/options_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { nameOf } from "../../services/lib/telemetry/observe-call.ts";
import type { Calls, ForwardedCall } from "../call/calls.ts";
import { edgeMetrics } from "../call/edge-metrics.ts";
import { headerOf } from "../http/http.ts";
import type { UnaryResponse } from "../upstream/status.ts";
import { createFairCache, type FairCache } from "./fair-cache.ts";

/** Larger requests are not cached, in bytes. */
const requestBytesMax = 4096;
/** Longest time that an answer may be old. */
const maxAgeMsMax = 60_000;

/** How answers of a method are cached; undefined for not at all. */
type Policy = { readonly maxAgeMs: number; readonly isShared: boolean } | undefined;

type Options = {
  readonly bytesMax: number;
  /** Headers that upstreams get, and so may answer differently for. */
  readonly passedHeaders: readonly string[];
};

/**
 * Responds to unary calls from memory where the contract allows it (`response_cache`). An entry belongs to a method, a request
 * and the rights of its caller: a call with other rights, or after one was revoked, has another key and goes to the service.
 * Calls have been admitted before, by a credential that was verified in the last 5 seconds.
 */
export function cacheResponses(calls: Calls, { bytesMax, passedHeaders }: Options): Calls {
  const cache = createFairCache<UnaryResponse>(bytesMax);
  return {
    ...calls,
    exchangeOne(call, message) {
      const policy = policyOf(call.method);
      if (!policy || message.byteLength > requestBytesMax) return calls.exchangeOne(call, message);
      const { principal } = call.exchange;
      const owner = principal?.orgId ?? "";
      const key = keyOf(call, message, rightsOf(principal, policy), passedHeaders);
      const cached = cache.get(owner, key);
      if (!cached)
        return fetchInto(cache, { owner, key, maxAgeMs: policy.maxAgeMs }, () =>
          calls.exchangeOne(call, message),
        );
      edgeMetrics.cached.inc({ method: nameOf(call.method) });
      return Promise.resolve(cached);
    },
  };
}

async function fetchInto(
  cache: FairCache<UnaryResponse>,
  { owner, key, maxAgeMs }: { owner: string; key: string; maxAgeMs: number },
  fetch: () => Promise<UnaryResponse>,
): Promise<UnaryResponse> {
  const untilMs = Date.now() + maxAgeMs;
  const response = await fetch();
  const { error, message, headers, trailers } = response;
  if (!error && message) {
    const bytes = message.byteLength + textBytes(headers) + textBytes(trailers);
    cache.set(owner, key, { value: response, bytes, untilMs });
  }
  return response;
}

const textBytes = (texts: readonly (string | undefined)[] | undefined): number =>
  (texts ?? []).reduce((sum, text) => sum + 2 * (text?.length ?? 0), 0);

function keyOf(
  { method, exchange }: ForwardedCall,
  message: Uint8Array,
  rights: string,
  passedHeaders: readonly string[],
): string {
  const passed = passedHeaders.map((name) => headerOf(exchange.request, name) ?? null);
  const head = JSON.stringify([method.parent.typeName, method.name, rights, passed]);
  return hash("sha256", Buffer.concat([Buffer.from(head), message]), "base64");
}

/** The rights that an answer depends on; with the user, the key and the delegate unless the users of an organisation share it. */
function rightsOf(principal: Principal | undefined, policy: { readonly isShared: boolean }): string {
  if (!principal) return "";
  const { orgId, roles, grants = [], limit } = principal;
  return JSON.stringify(policy.isShared ? { orgId, roles, grants, limit } : principal);
}

const policies = new WeakMap<DescMethod, { readonly policy: Policy }>();

function policyOf(method: DescMethod): Policy {
  const known = policies.get(method);
  if (known) return known.policy;
  const policy = readPolicy(method);
  policies.set(method, { policy });
  return policy;
}

function readPolicy(method: DescMethod): Policy {
  if (!hasOption(method, response_cache)) return undefined;
  const { maxAge, sharedInOrg } = getOption(method, response_cache);
  const maxAgeMs = maxAge ? durationMs(maxAge) : 0;
  const isRead = method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
  if (!isRead || method.methodKind !== "unary" || maxAgeMs <= 0 || maxAgeMs > maxAgeMsMax)
    throw new Error(
      `${method} has a response_cache, but only a unary method without side effects can have one, of at most 60 s`,
    );
  return { maxAgeMs, isShared: sharedInOrg };
}

/** Throws for a method that can't be cached as its contract says. */
export function checkCaching(methods: readonly DescMethod[]): void {
  for (const method of methods) policyOf(method);
}
