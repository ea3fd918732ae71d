import type { OutgoingHttpHeaders } from "node:http2";
import type { HttpRequest } from "../http/http.ts";
import type { RawHeaders } from "../http2-client/raw-headers.ts";

/** Headers or trailers of a response. */
export type PassedMetadata = Readonly<Record<string, readonly string[]>>;

const none: PassedMetadata = Object.freeze({});

// Set by the connection, the protocol or the edge, and never by an upstream.
const ownNames = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "date",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "server",
  "set-cookie",
  "strict-transport-security",
  "te",
  "trailer",
  "trailers",
  "transfer-encoding",
  "upgrade",
  "vary",
  "x-request-id",
]);
const ownPrefixes = ["access-control-", "grpc-", "connect-", "x-sluice-", "trailer-", ":"];

/** Headers that have one value: only the first is forwarded. */
const singleNames = new Set([
  "age",
  "authorization",
  "content-language",
  "content-location",
  "content-md5",
  "content-range",
  "dnt",
  "etag",
  "expires",
  "from",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "last-modified",
  "location",
  "max-forwards",
  "range",
  "referer",
  "retry-after",
  "tk",
  "upgrade-insecure-requests",
  "user-agent",
  "x-content-type-options",
]);

const isOwn = (name: string): boolean =>
  ownNames.has(name) || ownPrefixes.some((prefix) => name.startsWith(prefix));

/** The headers or trailers of an upstream that are forwarded to the caller. Binary values stay in base64. */
export function passedResponse(raw: RawHeaders | undefined): PassedMetadata {
  if (!raw) return none;
  let passed: Record<string, string[]> | undefined;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? "";
    if (isOwn(name)) continue;
    passed ??= Object.create(null) as Record<string, string[]>;
    if (name in passed && singleNames.has(name)) continue;
    passed[name] ??= [];
    passed[name].push(...valuesOf(name, raw[at + 1] ?? ""));
  }
  return passed ?? none;
}

/** A line can have several binary values. Padding is removed, since not every client accepts it. */
const valuesOf = (name: string, value: string): string[] =>
  name.endsWith("-bin") ? value.split(",").map((one) => one.trim().replace(/=+$/, "")) : [value];

/** Adds the request headers that `names` lists. */
export function passRequest(
  request: HttpRequest,
  names: readonly string[],
  metadata: OutgoingHttpHeaders,
): void {
  for (const name of names) {
    const value = request.headers[name];
    if (value === undefined) continue;
    const values = (Array.isArray(value) ? value : [value]).flatMap((one) => valuesOf(name, one));
    const printable = values.filter((one) => /^[\x20-\x7e]*$/.test(one));
    if (printable.length > 0) metadata[name] = printable;
  }
}
