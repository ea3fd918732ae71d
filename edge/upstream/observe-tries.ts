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
import type { Address } from "./address.ts";
import type { Ending } from "./attempt.ts";

/** One try of a call, as it is told of. */
export type ObservedTry = {
  /** Name the try to whoever is called. */
  readonly headers: OutgoingHttpHeaders;
  /** Ends it; what comes later says nothing. Without an error it was well. */
  end(outcome: Ending | "given up", error: unknown): void;
};

/** Begins to tell of a try at an address; the first is number 1. */
export type ObserveTry = (address: Address, number: number) => ObservedTry;

/**
 * Tells of the tries of the call that is made now, each in a span below the call's own; undefined where nothing is traced.
 * Tries begin in timers and for connections of other calls, so what is current then says nothing.
 */
export function observeTries(path: string): ObserveTry | undefined {
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
    let isOver = false;
    return {
      headers: Object.fromEntries(traceEntries(currentTrace(span))),
      end(outcome, error) {
        if (isOver) return;
        isOver = true;
        const code = codeName(error);
        span?.setAttribute("sluice.outcome", outcome);
        // What was given up for another try's answer, or because its caller went away, has not failed.
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
