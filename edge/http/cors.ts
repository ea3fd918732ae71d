import type { Exchange } from "./exchange.ts";
import type { HttpRequest, HttpResponse } from "./http.ts";
import { sendWhole } from "./send.ts";

/** Which pages of other origins may call. */
export type CorsSettings = {
  /** Exact origins, or any one; none is the default. */
  readonly allowedOrigins: readonly string[] | "*";
  /** Whether browsers may add client certificates; the edge knows no cookies. */
  readonly allowCredentials: boolean;
  /** How long browsers may remember an answer to a preflight, in seconds. */
  readonly maxAgeSeconds: number;
};

export type Cors = {
  /** Lets an allowed origin read the answer that follows. Another one gets no header, and its browser refuses. */
  allow(request: HttpRequest, response: HttpResponse): void;
  /** Answers the question of a browser whether it may call; false if the request is no such question. */
  answerPreflight(exchange: Exchange): boolean;
};

/** What of a route a browser asks for. */
type CorsRoute = { readonly httpMethod: string; readonly headers: readonly { readonly name: string }[] };

/** Headers that calls of every protocol have. */
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
  "x-grpc-web",
  "x-request-id",
  "x-user-agent",
];

/** Headers of answers that pages may read, beyond those that they always may. */
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
  "sluice-row-count",
  "sluice-truncated",
  "www-authenticate",
  "x-request-id",
].join(", ");

/** Lets pages of other origins call what there is: methods and headers are those of the routes. */
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
      // A shared cache must not give one origin the answer that another one got.
      if (settings.allowedOrigins !== "*") response.setHeader("vary", "Origin");
      const origin = originOf(request);
      if (origin === undefined) return;
      response.setHeader("access-control-allow-origin", origin);
      response.setHeader("access-control-expose-headers", exposedHeaders);
      if (settings.allowCredentials) response.setHeader("access-control-allow-credentials", "true");
    },
    answerPreflight(exchange) {
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

/** The allowed origin of a request as the answer repeats it; undefined for another one and for none. */
function createOriginOf({ allowedOrigins }: CorsSettings): (request: HttpRequest) => string | undefined {
  if (allowedOrigins === "*") return ({ headers }) => (headers.origin === undefined ? undefined : "*");
  const allowed = new Set(allowedOrigins);
  return ({ headers: { origin } }) => (origin !== undefined && allowed.has(origin) ? origin : undefined);
}
