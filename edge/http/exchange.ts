import { randomUUID } from "node:crypto";
import type { DescMethod } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { clientAddressOf, type TrustedProxies } from "./client-address.ts";
import { type HttpRequest, type HttpResponse, headerOf } from "./http.ts";

/** The budgets that one read of a file takes its bytes from. */
export type ReadBudget = {
  /** Takes bytes that are sent, or were a moment ago. The promise, if there is one, resolves when the budgets have them. */
  spend(bytes: number): Promise<void> | undefined;
  /** Counts what follows for the organisation, too, unless it is counted already. */
  countFor(orgId: string): void;
};

/** One request and its answer, and what becomes known of it on the way. */
export type Exchange = {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly requestId: string;
  /** W3C's trace context as the caller sent it; without a parent there is no state. */
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
  readonly clientAddress: string;
  readonly startMs: number;
  /** Aborts when the answer is complete or the caller went away: nothing of the request lives longer. */
  readonly signal: AbortSignal;
  /** The same without the cost of a signal. */
  onClosed(work: () => void): void;
  protocol: string;
  method: DescMethod | undefined;
  /** Which path it is, without its values: those may be secrets. */
  route: string | undefined;
  principal: Principal | undefined;
  /** What a read of a file may take; undefined where none is counted. */
  reads: ReadBudget | undefined;
  /** What the caller is told that went wrong, in whichever words. */
  error: ConnectError | undefined;
};

const requestIdPattern = /^[A-Za-z0-9._~:-]{1,128}$/;
const traceparentPattern = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
/** What W3C has every vendor pass on, in characters that gRPC takes. */
const tracestatePattern = /^[\x20-\x7e]{1,512}$/;

export function beginExchange(
  request: HttpRequest,
  response: HttpResponse,
  trustedProxies: TrustedProxies,
): Exchange {
  let controller: AbortController | undefined;
  let closed = false;
  const works: (() => void)[] = [];
  const onClose = () => {
    closed = true;
    controller?.abort();
    for (const work of works) work();
  };
  response.once("close", onClose);
  const traceparent = matching(headerOf(request, "traceparent"), traceparentPattern);
  return {
    request,
    response,
    requestId: matching(headerOf(request, "x-request-id"), requestIdPattern) ?? randomUUID(),
    traceparent,
    tracestate: traceparent && matching(headerOf(request, "tracestate"), tracestatePattern),
    clientAddress: clientAddressOf(request, trustedProxies),
    startMs: Date.now(),
    get signal() {
      if (!controller) {
        controller = new AbortController();
        if (closed) controller.abort();
      }
      return controller.signal;
    },
    onClosed(work) {
      if (closed) work();
      else works.push(work);
    },
    protocol: "rest",
    method: undefined,
    route: undefined,
    principal: undefined,
    reads: undefined,
    error: undefined,
  };
}

const matching = (value: string | undefined, pattern: RegExp): string | undefined =>
  value !== undefined && pattern.test(value) ? value : undefined;
