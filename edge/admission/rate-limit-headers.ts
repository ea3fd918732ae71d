import { type HttpResponse, isGone } from "../http.ts";
import { type Ask, isOpen, type LimitName, type RateLimits, type Standing } from "./limit.ts";
import { tokensLeft } from "./token-bucket.ts";

export type Counted = { readonly ask: Ask; readonly standing: Standing };

/** How long a caller waits whom only the number of its calls at a time stands against, in milliseconds. */
const busyMs = 1_000;

/** When to try again, in whole seconds, rounded up. */
export const retryAfterSeconds = ({ waitMs }: Standing): number =>
  Math.max(1, Math.ceil((waitMs || busyMs) / 1000));

/**
 * Tells a caller its limits, whatever the answer and its protocol will be: `RateLimit-Policy` and `RateLimit` as
 * draft-ietf-httpapi-ratelimit-headers-10 has them, and `Retry-After` when a limit refused the call.
 */
export function tellStandings(
  response: HttpResponse,
  counted: readonly Counted[],
  policies: Readonly<Record<LimitName, string>>,
): void {
  if (response.headersSent || isGone(response)) return;
  response.setHeader("ratelimit-policy", counted.map(({ ask }) => policies[ask.name]).join(", "));
  response.setHeader("ratelimit", counted.map(stateOf).join(", "));
  const waits = counted.filter(({ standing }) => !isOpen(standing)).map(({ standing }) => standing);
  if (waits.length > 0) {
    response.setHeader("retry-after", String(Math.max(...waits.map(retryAfterSeconds))));
  }
}

/** What limits are, as text: it is the same in every answer. */
export function policiesOf(limits: RateLimits): Readonly<Record<LimitName, string>> {
  const policyOf = (name: LimitName): string => {
    const { tokens, refillMs, callsMax } = limits[name];
    const rate = `"${name}";q=${tokens};w=${Math.ceil(refillMs / 1000)}`;
    return `${rate}, "${name}-calls";q=${callsMax};qu="concurrent-requests"`;
  };
  return {
    address: policyOf("address"),
    user: policyOf("user"),
    "api-key": policyOf("api-key"),
    org: policyOf("org"),
  };
}

// A refusal's time is that of Retry-After, as the draft wants it; otherwise it is when all tokens will be there.
function stateOf({ ask, standing }: Counted): string {
  const left = isOpen(standing) || standing.waitMs === 0 ? tokensLeft(ask, standing.backlogMs) : 0;
  const seconds = standing.waitMs > 0 ? retryAfterSeconds(standing) : Math.ceil(standing.backlogMs / 1000);
  return `"${ask.name}";r=${left};t=${seconds}`;
}
