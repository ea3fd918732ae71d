import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { counts_bytes, rate_cost } from "../../gen/sluice/common/v1/options_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { Authenticate } from "../auth/authenticate.ts";
import type { CallsUnderWay } from "../auth/calls-under-way.ts";
import { networkOf } from "../http/client-address.ts";
import type { Exchange } from "../http/exchange.ts";
import type { EdgeAccess } from "../method/access.ts";
import { createAdmitRead } from "./admit-read.ts";
import {
  isGranted,
  type LimitRequest,
  type LimitState,
  limitRequest,
  type RateLimits,
  type ReadLimits,
} from "./limit.ts";
import { limitExceeded } from "./limit-exceeded.ts";
import type { Limiter } from "./limiter.ts";
import { type CheckedLimit, policiesOf, readPoliciesOf, setRateLimitHeaders } from "./rate-limit-headers.ts";

/** Tokens that a call with an invalid credential costs its address, in addition to its own. */
const failedAttemptCost = 10;

/**
 * Admits a call by its headers alone, before its body is read, and sets `exchange.principal`. The permits are released when
 * the exchange is over. Rejects with Unauthenticated, or ResourceExhausted (RATE_LIMIT_EXCEEDED,
 * CONCURRENCY_LIMIT_EXCEEDED).
 */
export type Admit = (exchange: Exchange, method: DescMethod, access: EdgeAccess) => Promise<void>;

export type Admission = {
  readonly limiter: Limiter;
  readonly limits: RateLimits;
  /** Without them, file reads are not limited. */
  readonly readLimits?: ReadLimits;
};

/** Adds each admitted call of a principal to those that end when the principal loses access. */
export function watchAdmitted(admit: Admit, underWay: CallsUnderWay): Admit {
  return async (exchange, method, access) => {
    await admit(exchange, method, access);
    if (exchange.principal) underWay.add(exchange);
  };
}

/** Without an admission, calls are authenticated and not limited. */
export function createAdmit(authenticate: Authenticate, admission: Admission | undefined): Admit {
  if (!admission) {
    return async (exchange, _, access) => {
      exchange.principal = await authenticate.verify(access, exchange);
    };
  }
  const { limiter, limits, readLimits } = admission;
  const admitRead = readLimits && createAdmitRead(limiter, readLimits);
  const policies = { ...policiesOf(limits), ...(readLimits && readPoliciesOf(readLimits)) };
  return async (exchange, method, access) => {
    const checked: CheckedLimit[] = [];
    const acquire = async (requests: readonly LimitRequest[]) => {
      const { states, release } = await limiter.acquire(requests);
      for (const [at, request] of requests.entries())
        checked.push({ request, state: states[at] as LimitState });
      if (release) exchange.onClosed(release);
      else throw toError(checked);
    };
    const network = networkOf(exchange.clientAddress);
    try {
      if (admitRead && countsBytes(method)) {
        await identifyReader({ authenticate, limits, exchange, access, acquire });
        await admitRead(exchange, acquire);
      } else await admitCall({ authenticate, limits, exchange, access, acquire }, rateCostOf(method));
    } catch (error) {
      if (error instanceof ConnectError && error.code === Code.Unauthenticated) {
        limiter.charge(limitRequest("address", limits, network, failedAttemptCost));
      }
      throw error;
    } finally {
      setRateLimitHeaders(exchange.response, checked, policies);
    }
  };
}

type AdmittedCall = {
  readonly authenticate: Authenticate;
  readonly limits: RateLimits;
  readonly exchange: Exchange;
  readonly access: EdgeAccess;
  readonly acquire: (requests: readonly LimitRequest[]) => Promise<void>;
};

async function admitCall(call: AdmittedCall, cost: number): Promise<void> {
  const { authenticate, limits, exchange, access, acquire } = call;
  const address = limitRequest("address", limits, networkOf(exchange.clientAddress), cost);
  const recalled = authenticate.recall(access, exchange);
  if (recalled) {
    exchange.principal = recalled;
    // One acquisition, so that a call makes a single request to a shared store.
    await acquire([address, ...principalRequests(recalled, limits, cost)]);
    return;
  }
  // The address comes before the credential is verified, so that guessing is limited.
  await acquire([address]);
  exchange.principal = await authenticate.verify(access, exchange);
  if (exchange.principal) await acquire(principalRequests(exchange.principal, limits, cost));
}

/** A read does not count as a call, but the verification of its credential counts for its address. */
async function identifyReader(call: AdmittedCall): Promise<void> {
  const { authenticate, limits, exchange, access, acquire } = call;
  if (access !== "credential") return;
  const recalled = authenticate.recall(access, exchange);
  if (!recalled) await acquire([limitRequest("address", limits, networkOf(exchange.clientAddress), 1)]);
  exchange.principal = recalled ?? (await authenticate.verify(access, exchange));
}

/** All access tokens of a user share a limit: a new login must not be a new limit. */
function principalRequests(
  { apiKeyId, orgId, userId }: Principal,
  limits: RateLimits,
  cost: number,
): LimitRequest[] {
  const credential = apiKeyId
    ? limitRequest("api-key", limits, apiKeyId, cost)
    : limitRequest("user", limits, `${orgId}/${userId}`, cost);
  return [credential, limitRequest("org", limits, orgId, cost)];
}

/** The error of the limit with the longest wait: a retry after that passes the others, too. */
function toError(checked: readonly CheckedLimit[]): ConnectError {
  const refused = checked.filter(({ state }) => !isGranted(state));
  const [longest] = refused.sort((one, other) => other.state.waitMs - one.state.waitMs);
  if (!longest) throw new Error("a call was refused by no limit");
  return limitExceeded(longest);
}

const costs = new WeakMap<DescMethod, number>();

/** Tokens that a call of a method costs, by its contract. */
function rateCostOf(method: DescMethod): number {
  let cost = costs.get(method);
  if (cost === undefined) {
    cost = hasOption(method, rate_cost) ? getOption(method, rate_cost) : 1;
    costs.set(method, cost);
  }
  return cost;
}

/** Whether calls of a method are limited by their bytes, by its contract. */
const countsBytes = (method: DescMethod): boolean =>
  hasOption(method, counts_bytes) && getOption(method, counts_bytes);
