import type { Exchange } from "./exchange.ts";
import type { HttpRequest, HttpResponse } from "./http.ts";
import { sendWhole } from "./send.ts";

/** Which other origins may call, and how. */
export type CorsSettings = {
  /** Exact origins; `*` for any. */
  readonly allowedOrigins: readonly string[] | "*";
  /** Whether browsers may send client certificates. The edge uses no cookies. */
  readonly allowCredentials: boolean;
  /** How long browsers may cache the response to a preflight, in seconds. */
  readonly maxAgeSeconds: number;
};

export type Cors = {
  /** Sets the headers that let an allowed origin read the response. */
  allow(request: HttpRequest, response: HttpResponse): void;
  /** Responds to a preflight; false if the request is not one. */
  sendPreflight(exchange: Exchange): boolean;
};

type CorsRoute = { readonly httpMethod: string; readonly headers: readonly { readonly name: string }[] };

/** Request headers of all protocols. */
const commonHeaders = [
  "accept",
  "accept-language",
  "connect-protocol-version",
  "connect-timeout-ms",
  "content-encoding",
  "content-type",
  "connect-accept-encoding",
  "connect-content-encoding",
  "grpc-accept-encoding",
  "grpc-encoding",
  "grpc-timeout",
  "if-match",
  "if-none-match",
  "range",
  "traceparent",
  "tracestate",
  "tus-resumable",
  "upload-checksum",
  "upload-concat",
  "upload-defer-length",
  "upload-length",
  "upload-metadata",
  "upload-offset",
  "x-grpc-web",
  "x-http-method-override",
  "x-request-id",
  "x-user-agent",
];

/** Response headers that pages may read beside the safelisted ones. */
const exposedHeaders = [
  "accept-ranges",
  "connect-content-encoding",
  "content-disposition",
  "content-encoding",
  "content-range",
  "etag",
  "grpc-encoding",
  "grpc-message",
  "grpc-status",
  "grpc-status-details-bin",
  "location",
  "ratelimit",
  "ratelimit-policy",
  "retry-after",
  "sluice-execution-id",
  "sluice-file-id",
  "sluice-row-count",
  "sluice-truncated",
  "tus-checksum-algorithm",
  "tus-extension",
  "tus-max-size",
  "tus-resumable",
  "tus-version",
  "upload-concat",
  "upload-defer-length",
  "upload-expires",
  "upload-length",
  "upload-metadata",
  "upload-offset",
  "www-authenticate",
  "x-request-id",
].join(", ");

/** Allows the methods and headers of the routes. */
export function createCors(
  settings: CorsSettings,
  { routes, headers }: { routes: readonly CorsRoute[]; headers: readonly string[] },
): Cors {
  const methods = [...new Set(["GET", "HEAD", "POST", ...routes.map(({ httpMethod }) => httpMethod)])];
  const bound = routes.flatMap(({ headers }) => headers.map(({ name }) => name));
  const allowedHeaders = [...new Set([...commonHeaders, ...bound, ...headers])];
  const originOf = createOriginOf(settings);
  return {
    allow(request, response) {
      // Shared caches must keep the responses of origins apart.
      if (settings.allowedOrigins !== "*") response.setHeader("vary", "Origin");
      const origin = originOf(request);
      if (origin === undefined) return;
      response.setHeader("access-control-allow-origin", origin);
      response.setHeader("access-control-expose-headers", exposedHeaders);
      if (settings.allowCredentials) response.setHeader("access-control-allow-credentials", "true");
    },
    sendPreflight(exchange) {
      const { request, response } = exchange;
      const isPreflight = request.method === "OPTIONS" && "access-control-request-method" in request.headers;
      if (!isPreflight || originOf(request) === undefined) return false;
      response.removeHeader("access-control-expose-headers");
      const headers = {
        "access-control-allow-methods": methods.join(", "),
        "access-control-allow-headers": allowedHeaders.join(", "),
        "access-control-max-age": settings.maxAgeSeconds,
      };
      sendWhole(exchange, 204, headers, "");
      return true;
    },
  };
}

/** The value of access-control-allow-origin; undefined for an origin that is not allowed, and for none. */
function createOriginOf({ allowedOrigins }: CorsSettings): (request: HttpRequest) => string | undefined {
  if (allowedOrigins === "*") return ({ headers }) => (headers.origin === undefined ? undefined : "*");
  const allowed = new Set(allowedOrigins);
  return ({ headers: { origin } }) => (origin !== undefined && allowed.has(origin) ? origin : undefined);
}
