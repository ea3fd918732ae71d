import type { Metadata } from "@grpc/grpc-js";
import type { HttpRequest } from "../http.ts";

/** Headers or trailers as an answer carries them. */
export type PassedMetadata = Readonly<Record<string, readonly string[]>>;

const none: PassedMetadata = Object.freeze({});

// What a connection, a protocol or the edge itself says; an upstream can't say it for them.
const ownNames = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "date",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
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

const isOwn = (name: string): boolean =>
  ownNames.has(name) || ownPrefixes.some((prefix) => name.startsWith(prefix));

/** What of an upstream's headers or trailers goes on to the caller; bytes become base64. */
export function passedAnswer(metadata: Metadata | undefined): PassedMetadata {
  if (!metadata) return none;
  let passed: Record<string, string[]> | undefined;
  for (const [name, values] of Object.entries(metadata.toJSON())) {
    if (isOwn(name)) continue;
    passed ??= {};
    passed[name] = values.map((value) => (typeof value === "string" ? value : toUnpadded(value)));
  }
  return passed ?? none;
}

const toUnpadded = (value: Buffer): string => value.toString("base64").replace(/=+$/, "");

/** Adds the headers of a request that may go on, which are those that are named; nothing passes by itself. */
export function passRequest(request: HttpRequest, names: readonly string[], metadata: Metadata): void {
  for (const name of names) {
    const value = request.headers[name];
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) addPrintable(metadata, name, one);
  }
}

function addPrintable(metadata: Metadata, name: string, value: string): void {
  if (name.endsWith("-bin")) {
    for (const one of value.split(",")) metadata.add(name, Buffer.from(one, "base64"));
  } else if (/^[\x20-\x7e]*$/.test(value)) metadata.add(name, value);
}
