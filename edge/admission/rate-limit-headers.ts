import { type HttpResponse, isGone } from "../http/http.ts";
import {
  isGranted,
  type LimitName,
  type LimitRequest,
  type LimitState,
  type PolicyName,
  type RateLimits,
} from "./limit.ts";
import { tokensLeft } from "./token-bucket.ts";

export type CheckedLimit = { readonly request: LimitRequest; readonly state: LimitState };

/** Retry-After of a call that only a concurrency limit refused, in milliseconds. */
const busyMs = 1_000;

/** Whole seconds, rounded up. */
export const retryAfterSeconds = ({ waitMs }: LimitState): number =>
  Math.max(1, Math.ceil((waitMs || busyMs) / 1000));

/**
 * Sets the headers `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers-10, and `Retry-After` on
 * refusals, in every protocol.
 */
export function setRateLimitHeaders(
  response: HttpResponse,
  checked: readonly CheckedLimit[],
  policies: Policies,
): void {
  if (response.headersSent || isGone(response)) return;
  // A request without a cost is for a permit only.
  const withTokens = checked.filter(({ request }) => request.cost > 0);
  response.setHeader("ratelimit-policy", withTokens.map(({ request }) => policies[request.name]).join(", "));
  response.setHeader("ratelimit", withTokens.map(encodeState).join(", "));
  const refused = checked.filter(({ state }) => !isGranted(state)).map(({ state }) => state);
  if (refused.length > 0) {
    response.setHeader("retry-after", String(Math.max(...refused.map(retryAfterSeconds))));
  }
}

/** Items of the header `RateLimit-Policy`. */
export type Policies = Readonly<Partial<Record<PolicyName, string>>>;

export function policiesOf(limits: RateLimits): Policies {
  return encodePolicies(limits, (name, { tokens, refillMs, callsMax }) => {
    const rate = `"${name}";q=${tokens};w=${Math.ceil(refillMs / 1000)}`;
    return [name, `${rate}, "${name}-calls";q=${callsMax};qu="concurrent-requests"`];
  });
}

/** Policies of file reads, whose tokens are bytes. */
export function readPoliciesOf(limits: RateLimits): Policies {
  return encodePolicies(limits, (limitName, { tokens, refillMs, callsMax }) => {
    const name = `${limitName}-reads` as const;
    const rate = `"${name}";q=${tokens};qu="content-bytes";w=${Math.ceil(refillMs / 1000)}`;
    return [name, `${rate}, "${name}-open";q=${callsMax};qu="concurrent-requests"`];
  });
}

const encodePolicies = (
  limits: RateLimits,
  encode: (name: LimitName, limit: RateLimits[LimitName]) => [PolicyName, string],
): Policies =>
  Object.fromEntries(Object.entries(limits).map(([name, limit]) => encode(name as LimitName, limit)));

// The draft wants the time of a refusal to be that of Retry-After. Otherwise it is the time until the bucket is full.
function encodeState({ request, state }: CheckedLimit): string {
  const left = isGranted(state) || state.waitMs === 0 ? tokensLeft(request, state.backlogMs) : 0;
  const seconds = state.waitMs > 0 ? retryAfterSeconds(state) : Math.ceil(state.backlogMs / 1000);
  return `"${request.name}";r=${left};t=${seconds}`;
}
