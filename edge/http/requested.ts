import type { Requested } from "../dialects/dialect.ts";
import type { Exchange } from "./exchange.ts";
import { headerOf } from "./http.ts";

/** What an error can tell of the request that it is for. */
export function requestedOf({ request, path, rawQuery }: Exchange): Requested {
  const host = headerOf(request, ":authority") ?? headerOf(request, "host");
  return {
    target: rawQuery === "" ? path : `${path}?${rawQuery}`,
    origin: host === undefined ? undefined : `${isHttps(request) ? "https" : "http"}://${host}`,
  };
}

/** A proxy that ends TLS says so. Who forges the header misleads nobody else: the text goes back to its sender. */
const isHttps = (request: Exchange["request"]): boolean =>
  "encrypted" in request.socket || headerOf(request, "x-forwarded-proto") === "https";
