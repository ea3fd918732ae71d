import type { OutgoingHttpHeaders } from "node:http2";
import { type Attributes, context, SpanKind } from "@opentelemetry/api";
import {
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_NETWORK_TRANSPORT,
  ATTR_RPC_METHOD,
  ATTR_RPC_SYSTEM_NAME,
} from "@opentelemetry/semantic-conventions";
import { codeName } from "../../services/lib/telemetry/code-name.ts";
import { endSpan } from "../../services/lib/telemetry/observe-call.ts";
import { traceEntries } from "../../services/lib/telemetry/observe-client.ts";
import { currentTrace, isTracing, startSpan } from "../../services/lib/telemetry/tracing.ts";
import type { Address } from "./connections/address.ts";
import type { AttemptOutcome } from "./retry.ts";

/** The span of one attempt. */
export type ObservedAttempt = {
  /** Headers that make the upstream's span a child of the attempt's. */
  readonly headers: OutgoingHttpHeaders;
  /** Ends the span; later calls have no effect. No error means OK. */
  end(outcome: AttemptOutcome | "given up", error: unknown): void;
};

/** Starts the span of an attempt at an address; the first attempt is number 1. */
export type ObserveAttempt = (address: Address, number: number) => ObservedAttempt;

/**
 * Observes the attempts of the current call, each as a span below the call's own; undefined if nothing is traced. The parent
 * is captured here, because attempts start in timers and in callbacks of other calls' connections.
 */
export function observeAttempts(path: string): ObserveAttempt | undefined {
  if (!isTracing()) return undefined;
  const parent = context.active();
  const name = path.slice(1);
  return (address, number) => {
    const attributes = {
      [ATTR_RPC_SYSTEM_NAME]: "grpc",
      [ATTR_RPC_METHOD]: name,
      ...peerOf(address),
      "sluice.attempt": number,
    };
    const span = startSpan("edge", name, { kind: SpanKind.CLIENT, attributes }, parent);
    let isEnded = false;
    return {
      headers: Object.fromEntries(traceEntries(currentTrace(span))),
      end(outcome, error) {
        if (isEnded) return;
        isEnded = true;
        const code = codeName(error);
        span?.setAttribute("sluice.outcome", outcome);
        // An attempt canceled for a faster one, or because its caller has gone, has not failed.
        endSpan(span, code, code !== "OK" && code !== "CANCELLED");
      },
    };
  };
}

const peerOf = (address: Address): Attributes =>
  "path" in address
    ? { [ATTR_NETWORK_TRANSPORT]: "unix", [ATTR_NETWORK_PEER_ADDRESS]: address.path }
    : {
        [ATTR_NETWORK_TRANSPORT]: "tcp",
        [ATTR_NETWORK_PEER_ADDRESS]: address.host,
        [ATTR_NETWORK_PEER_PORT]: address.port,
      };
