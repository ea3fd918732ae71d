import type { OutgoingHttpHeaders } from "node:http2";
import { wrap } from "../codec/envelope.ts";
import { startAttempts } from "./attempts.ts";
import type { CallPolicy } from "./policy.ts";
import { failed, type UnaryResponse } from "./status.ts";
import { sendUnary } from "./unary-attempt.ts";
import type { Upstream } from "./upstream.ts";

export type UnaryCall = {
  readonly policy: CallPolicy;
  readonly headers: OutgoingHttpHeaders;
  readonly timeoutMs: number | undefined;
  readonly message: Uint8Array;
  /** Registers a function that is run when the exchange with the caller is over. */
  onClosed?(work: () => void): void;
};

/** Calls a method with one request and one response, both encoded. Never rejects: failures are in the response. */
export function callUnary(upstream: Upstream, call: UnaryCall): Promise<UnaryResponse> {
  const { peer } = upstream;
  const { policy, onClosed } = call;
  return new Promise((resolve) => {
    const message = wrap(0, call.message);
    const { cancel } = startAttempts<UnaryResponse>(upstream, {
      ...call,
      hedging: policy.hedging,
      retryable: () => (policy.mayRetry(call.message) ? "always" : "unprocessed"),
      send: (session, headers, finished) => sendUnary(session, { headers, message, peer }, finished),
      failure: failed,
      finished: resolve,
    });
    onClosed?.(cancel);
  });
}
