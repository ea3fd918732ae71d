import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { counts_bytes, rate_cost } from "../../gen/sluice/common/v1/options_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { Authenticate } from "../auth/authenticate.ts";
import { networkOf } from "../http/client-address.ts";
import type { Exchange } from "../http/exchange.ts";
import type { EdgeAccess } from "../method/access.ts";
import { createAdmitRead } from "./admit-reads.ts";
import { askOf, isOpen, type RateLimits, type ReadLimits, type Standing, type Turn } from "./limit.ts";
import type { Limiter } from "./limiter.ts";
import { type Counted, policiesOf, readPoliciesOf, tellStandings } from "./rate-limit-headers.ts";
import { limitExceeded } from "./refusals.ts";

/** What an attempt with a credential that is none takes of its address's tokens, besides what the call does. */
const failedAttemptCost = 10;

/**
 * Lets a call in by its headers alone, before a byte of its body is read, and says in `exchange.principal` whose it is. Its
 * places are given back when the exchange is over. Unauthenticated, or ResourceExhausted (RATE_LIMIT_EXCEEDED,
 * CONCURRENCY_LIMIT_EXCEEDED).
 */
export type Admit = (exchange: Exchange, method: DescMethod, access: EdgeAccess) => Promise<void>;

export type Admission = {
  readonly limiter: Limiter;
  readonly limits: RateLimits;
  /** Without them, reads of files are not counted. */
  readonly readLimits?: ReadLimits;
};

/** Admits whom `authenticate` knows; with an admission, as often as its limits have it. */
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
    const counted: Counted[] = [];
    const enter = async (turn: Turn) => {
      const { standings, giveBack } = await limiter.take(turn);
      for (const [at, ask] of turn.entries()) counted.push({ ask, standing: standings[at] as Standing });
      if (giveBack) exchange.onClosed(giveBack);
      else throw refusalOf(counted);
    };
    const network = networkOf(exchange.clientAddress);
    try {
      if (admitRead && isRead(method)) {
        await identifyReader({ authenticate, limits, exchange, access, enter });
        await admitRead(exchange, enter);
      } else await admitCall({ authenticate, limits, exchange, access, enter }, rateCostOf(method));
    } catch (error) {
      if (error instanceof ConnectError && error.code === Code.Unauthenticated) {
        limiter.charge(askOf("address", limits, network, failedAttemptCost));
      }
      throw error;
    } finally {
      tellStandings(exchange.response, counted, policies);
    }
  };
}

type Entering = {
  readonly authenticate: Authenticate;
  readonly limits: RateLimits;
  readonly exchange: Exchange;
  readonly access: EdgeAccess;
  readonly enter: (turn: Turn) => Promise<void>;
};

async function admitCall(entering: Entering, cost: number): Promise<void> {
  const { authenticate, limits, exchange, access, enter } = entering;
  const address = askOf("address", limits, networkOf(exchange.clientAddress), cost);
  const recalled = authenticate.recall(access, exchange);
  if (recalled) {
    exchange.principal = recalled;
    // All at once: a store that is shared is asked once for each call.
    await enter([address, ...asksOf(recalled, limits, cost)]);
    return;
  }
  // Before anything is looked up: a stranger who guesses is slowed down.
  await enter([address]);
  exchange.principal = await authenticate.verify(access, exchange);
  if (exchange.principal) await enter(asksOf(exchange.principal, limits, cost));
}

/** A read is no call; but to look a credential up is, for its address. */
async function identifyReader(entering: Entering): Promise<void> {
  const { authenticate, limits, exchange, access, enter } = entering;
  if (access !== "credential") return;
  const recalled = authenticate.recall(access, exchange);
  if (!recalled) await enter([askOf("address", limits, networkOf(exchange.clientAddress), 1)]);
  exchange.principal = recalled ?? (await authenticate.verify(access, exchange));
}

/** All tokens of a user count together: another login is not another limit. */
function asksOf({ apiKeyId, orgId, userId }: Principal, limits: RateLimits, cost: number): Turn {
  const credential = apiKeyId
    ? askOf("api-key", limits, apiKeyId, cost)
    : askOf("user", limits, `${orgId}/${userId}`, cost);
  return [credential, askOf("org", limits, orgId, cost)];
}

function refusalOf(counted: readonly Counted[]): ConnectError {
  const refused = counted.filter(({ standing }) => !isOpen(standing));
  // Whoever waits for the one that takes longest need not be refused by the next.
  const [worst] = refused.sort((one, other) => other.standing.waitMs - one.standing.waitMs);
  if (!worst) throw new Error("a turn was refused for no reason");
  return limitExceeded(worst);
}

const costs = new WeakMap<DescMethod, number>();

/** What a call of a method takes, as its contract has it. */
export function rateCostOf(method: DescMethod): number {
  let cost = costs.get(method);
  if (cost === undefined) {
    cost = hasOption(method, rate_cost) ? getOption(method, rate_cost) : 1;
    costs.set(method, cost);
  }
  return cost;
}

/** Whether calls of a method count by their bytes, as its contract has it. */
const isRead = (method: DescMethod): boolean =>
  hasOption(method, counts_bytes) && getOption(method, counts_bytes);
