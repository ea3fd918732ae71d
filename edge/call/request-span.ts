import { type Attributes, type Span, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import {
  ATTR_CLIENT_ADDRESS,
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_RPC_METHOD,
  ATTR_RPC_STATUS_CODE,
  ATTR_URL_SCHEME,
} from "@opentelemetry/semantic-conventions";
import { serverFaults } from "../../services/lib/telemetry/code-name.ts";
import { nameOf } from "../../services/lib/telemetry/observe-call.ts";
import { contextOf, isTracing, startSpan } from "../../services/lib/telemetry/tracing.ts";
import type { Exchange } from "../http/exchange.ts";

const httpMethods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"]);

/** Starts the span of a request, which continues the caller's trace; undefined if nothing is traced. */
export function startRequestSpan(exchange: Exchange): Span | undefined {
  if (!isTracing()) return undefined;
  const { request } = exchange;
  const attributes = {
    [ATTR_HTTP_REQUEST_METHOD]: httpMethodOf(exchange),
    [ATTR_NETWORK_PROTOCOL_VERSION]: request.httpVersionMajor === 2 ? "2" : request.httpVersion,
    [ATTR_URL_SCHEME]: "encrypted" in request.socket ? "https" : "http",
    [ATTR_CLIENT_ADDRESS]: exchange.clientAddress,
  };
  return startSpan(
    "edge",
    httpMethodOf(exchange),
    { kind: SpanKind.SERVER, attributes },
    contextOf(exchange),
  );
}

/** The span is named after the route, since a path contains values, which may be secrets. */
export function endRequestSpan(span: Span, exchange: Exchange, code: string): void {
  const { route, method, principal, response } = exchange;
  const status = response.statusCode;
  const isFault = status >= 500 || serverFaults.has(code);
  const attributes: Attributes = {
    [ATTR_HTTP_RESPONSE_STATUS_CODE]: status,
    [ATTR_RPC_STATUS_CODE]: code,
    "sluice.protocol": exchange.protocol,
    "sluice.request_id": exchange.requestId,
    ...(route && { [ATTR_HTTP_ROUTE]: route }),
    ...(method && { [ATTR_RPC_METHOD]: nameOf(method) }),
    ...(principal && { "sluice.org_id": principal.orgId }),
    ...(isFault && { [ATTR_ERROR_TYPE]: status >= 500 ? String(status) : code }),
  };
  if (route) span.updateName(`${httpMethodOf(exchange)} ${route}`);
  if (isFault) span.setStatus({ code: SpanStatusCode.ERROR });
  span.setAttributes(attributes).end();
}

const httpMethodOf = ({ request: { method = "" } }: Exchange): string =>
  httpMethods.has(method) ? method : "_OTHER";
