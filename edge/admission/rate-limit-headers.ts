import { type HttpResponse, isGone } from "../http/http.ts";
import { type Ask, type AskName, isOpen, type LimitName, type RateLimits, type Standing } from "./limit.ts";
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
export function tellStandings(response: HttpResponse, counted: readonly Counted[], policies: Policies): void {
  if (response.headersSent || isGone(response)) return;
  // An ask for a place alone has no tokens to tell of.
  const told = counted.filter(({ ask }) => ask.cost > 0);
  response.setHeader("ratelimit-policy", told.map(({ ask }) => policies[ask.name]).join(", "));
  response.setHeader("ratelimit", told.map(stateOf).join(", "));
  const waits = counted.filter(({ standing }) => !isOpen(standing)).map(({ standing }) => standing);
  if (waits.length > 0) {
    response.setHeader("retry-after", String(Math.max(...waits.map(retryAfterSeconds))));
  }
}

export type Policies = Readonly<Partial<Record<AskName, string>>>;

/** What limits are, as text: it is the same in every answer. */
export function policiesOf(limits: RateLimits): Policies {
  return policyTexts(limits, (name, { tokens, refillMs, callsMax }) => {
    const rate = `"${name}";q=${tokens};w=${Math.ceil(refillMs / 1000)}`;
    return [name, `${rate}, "${name}-calls";q=${callsMax};qu="concurrent-requests"`];
  });
}

/** The same of budgets of reads, whose tokens are bytes. */
export function readPoliciesOf(limits: RateLimits): Policies {
  return policyTexts(limits, (owner, { tokens, refillMs, callsMax }) => {
    const name = `${owner}-reads` as const;
    const rate = `"${name}";q=${tokens};qu="content-bytes";w=${Math.ceil(refillMs / 1000)}`;
    return [name, `${rate}, "${name}-open";q=${callsMax};qu="concurrent-requests"`];
  });
}

const policyTexts = (
  limits: RateLimits,
  textOf: (name: LimitName, limit: RateLimits[LimitName]) => [AskName, string],
): Policies =>
  Object.fromEntries(Object.entries(limits).map(([name, limit]) => textOf(name as LimitName, limit)));

// A refusal's time is that of Retry-After, as the draft wants it; otherwise it is when all tokens will be there.
function stateOf({ ask, standing }: Counted): string {
  const left = isOpen(standing) || standing.waitMs === 0 ? tokensLeft(ask, standing.backlogMs) : 0;
  const seconds = standing.waitMs > 0 ? retryAfterSeconds(standing) : Math.ceil(standing.backlogMs / 1000);
  return `"${ask.name}";r=${left};t=${seconds}`;
}
