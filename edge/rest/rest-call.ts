import type { CallServices } from "../call/call-services.ts";
import type { Selection } from "../codec/field-selection.ts";
import type { Parameters } from "../codec/parameters.ts";
import { boundsOf } from "../http/bounds.ts";
import { boundTimeoutMs, requestedTimeoutMs } from "../http/deadline.ts";
import { type Acceptance, acceptanceOf, requireIdentity } from "../http/encoding/acceptance.ts";
import { requestCompressionOf } from "../http/encoding/coded-request.ts";
import type { Exchange } from "../http/exchange.ts";
import { headerOf } from "../http/http.ts";
import { isInBatch, notInBatch } from "../http/in-batch.ts";
import { createRequestBody, type RequestBody } from "../http/read-body.ts";
import type { Route } from "../method/route.ts";
import type { Choice } from "./negotiate.ts";
import { readSelection } from "./read-selection.ts";
import { bindHead } from "./request.ts";

/** A REST request by its head: the method that it calls, and how its body is read and its response written. */
export type RestCall = {
  readonly exchange: Exchange;
  readonly route: Route;
  readonly choice: Choice;
  /** Fields of the request that path, query and headers set. */
  readonly parameters: Parameters;
  /** Fields of the response that the caller has chosen. */
  readonly selection: Selection;
  /** The deadline, in milliseconds from the start of the exchange; undefined for none. */
  readonly timeoutMs: number | undefined;
  readonly body: RequestBody;
  /** Largest line of a stream, in bytes. */
  readonly messageBytesMax: number;
  readonly acceptance: Acceptance;
};

/** Reads the head of an admitted request. Throws its errors. */
export function readRestCall(
  exchange: Exchange,
  { choice, segments }: { choice: Choice; segments: readonly string[] },
  services: CallServices,
): RestCall {
  const { request } = exchange;
  const { route } = choice;
  const { method } = route;
  const timeoutMs = boundTimeoutMs(method, requestedTimeoutMs(request), services.deadlines);
  const header = (name: string) => headerOf(request, name);
  const { selection, rest: rawQuery } = readSelection(route, choice.rawQuery);
  const parameters = bindHead(route, {
    segments,
    rawQuery,
    header,
    headOnly: exchange.headOnly,
    ignoresUnknown: exchange.dialect.ignoresUnknown,
  });
  if (isInBatch(request) && (method.methodKind !== "unary" || route.response.rawBody)) throw notInBatch();
  const bounds = boundsOf(method);
  const messageBytesMax = bounds.messageBytesMax ?? services.messageBytesMax;
  const compression = requestCompressionOf(request);
  const acceptance = acceptanceOf(request);
  if (isStoredContent(route)) requireIdentity(acceptance);
  return {
    exchange,
    route,
    choice,
    parameters,
    selection,
    timeoutMs,
    body: createRequestBody(
      {
        request,
        pauseMs: services.limits.pauseMs,
        streamBytesMax: bounds.streamBytesMax,
        compression,
      },
      { messageBytesMax, timeoutMs: timeoutMs ?? services.deadlines.maxMs },
    ),
    messageBytesMax,
    acceptance,
  };
}

/** Whether the response is bytes that are sent as they are stored. */
export const isStoredContent = ({ response, formats }: Route): boolean => response.rawBody && !formats;
