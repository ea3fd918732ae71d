import { randomUUID } from "node:crypto";
import type { DescMethod } from "@bufbuild/protobuf";
import type { Principal } from "../services/lib/principal.ts";
import type { ForwardedCall } from "./forward.ts";
import { type HttpRequest, type HttpResponse, headerOf } from "./http.ts";

/** One request and its answer, and what becomes known of it on the way. */
export type Exchange = {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  readonly clientAddress: string;
  readonly startMs: number;
  /** Aborts when the answer is complete or the caller went away: nothing of the request lives longer. */
  readonly signal: AbortSignal;
  protocol: string;
  method: DescMethod | undefined;
  /** Which path it is, without its values: those may be secrets. */
  route: string | undefined;
  principal: Principal | undefined;
};

const requestIdPattern = /^[A-Za-z0-9._~:-]{1,128}$/;
const traceparentPattern = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

export function beginExchange(request: HttpRequest, response: HttpResponse): Exchange {
  const closed = new AbortController();
  response.once("close", () => closed.abort());
  const requestId = matching(headerOf(request, "x-request-id"), requestIdPattern) ?? randomUUID();
  response.setHeader("x-request-id", requestId);
  return {
    request,
    response,
    requestId,
    traceparent: matching(headerOf(request, "traceparent"), traceparentPattern),
    clientAddress: request.socket.remoteAddress ?? "",
    startMs: Date.now(),
    signal: closed.signal,
    protocol: "rest",
    method: undefined,
    route: undefined,
    principal: undefined,
  };
}

const matching = (value: string | undefined, pattern: RegExp): string | undefined =>
  value !== undefined && pattern.test(value) ? value : undefined;

/** The call that an exchange becomes. */
export function toCall(
  exchange: Exchange,
  method: DescMethod,
  timeoutMs: number | undefined,
  signal: AbortSignal,
): ForwardedCall {
  const { principal, requestId, traceparent, clientAddress } = exchange;
  return { method, principal, requestId, traceparent, clientAddress, timeoutMs, signal };
}
