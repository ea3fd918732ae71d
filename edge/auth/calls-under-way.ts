import { Code, ConnectError } from "@connectrpc/connect";
import type { Exchange } from "../http/exchange.ts";
import { breakOff } from "../http/send.ts";
import type { Authenticate } from "./authenticate.ts";
import { lostAccess } from "./lost-access.ts";

/** Interval in milliseconds at which calls under way are looked at. A call that ends sooner is never looked at. */
const lookEveryMs = 500;

/** The credential no longer stands, or the key that speaks for a user may no longer. */
const refusals: ReadonlySet<Code> = new Set([Code.Unauthenticated, Code.PermissionDenied]);

/** Calls that were admitted for a principal and have not ended. */
export type CallsUnderWay = Disposable & {
  /** Adds a call until it is over. It ends early if its principal loses access. */
  add(exchange: Exchange): void;
};

/**
 * Ends calls whose credential no longer stands, with Unauthenticated, and those whose principal has lost the permission of
 * their method, with PermissionDenied. Calls with one credential share its verification. If identity does not answer, calls
 * continue.
 */
export function createCallsUnderWay(
  { verifyAgain }: Pick<Authenticate, "verifyAgain">,
  everyMs: number = lookEveryMs,
): CallsUnderWay {
  const exchanges = new Set<Exchange>();
  let timer: NodeJS.Timeout | undefined;
  const check = async (exchange: Exchange): Promise<void> => {
    try {
      const principal = await verifyAgain(exchange);
      const error = lostAccess(exchange, principal);
      if (error) end(exchange, error);
    } catch (error) {
      if (error instanceof ConnectError && refusals.has(error.code)) end(exchange, error);
    }
  };
  const end = (exchange: Exchange, error: ConnectError): void => {
    if (!exchanges.delete(exchange)) return;
    if (!exchange.revoke(error) && exchange.response.headersSent) breakOff(exchange);
  };
  const look = (): void => {
    timer = undefined;
    const sinceMs = Date.now() - everyMs;
    for (const exchange of exchanges) if (exchange.startMs <= sinceMs) void check(exchange);
    if (exchanges.size > 0) schedule();
  };
  // No timer runs while there are no calls.
  const schedule = (): void => {
    timer ??= setTimeout(look, everyMs).unref();
  };
  return {
    add(exchange) {
      exchanges.add(exchange);
      exchange.onClosed(() => exchanges.delete(exchange));
      schedule();
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
