import fc from "fast-check";
import { expect } from "vitest";
import { http1, http2, type RawResponse } from "../edge/lib/raw-http.ts";

/** Parts of requests that mean something to an API. */
type Parts = {
  readonly path: fc.Arbitrary<string>;
  readonly queries: readonly string[];
  readonly bodies: readonly string[];
  /** Further `Authorization` headers. */
  readonly credentials: readonly string[];
};

export type AnyRequest = { readonly method: string; readonly path: string };

type Sweep = Parts & {
  readonly port: number;
  readonly token: string;
  readonly send: typeof http1;
  readonly check: (response: RawResponse, request: AnyRequest) => void;
};

/** Limits of calls that no sweep reaches. */
export const unlimited = {
  RATE_LIMIT_ADDRESS: "1000000/1",
  RATE_LIMIT_USER: "1000000/1",
  RATE_LIMIT_ORG: "1000000/1",
};

export const protocols = [
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const;

/** Paths of `maxLength` segments at most, which are known, malformed or random. */
export function pathsBelow(root: string, known: readonly string[], maxLength: number): fc.Arbitrary<string> {
  const segment = fc.oneof(
    fc.constantFrom(...known, "..", "%2e%2e", "%00", "%zz", ""),
    fc.string({ maxLength: 12 }).map((text) => encodeURIComponent(text.toWellFormed())),
  );
  return fc.array(segment, { maxLength }).map((segments) => [root, ...segments].join("/"));
}

/** Sends 300 requests of all kinds, and checks each response. */
export async function sweep({ port, token, send, check, ...parts }: Sweep): Promise<void> {
  await fc.assert(
    fc.asyncProperty(requestOf(parts), async ({ body: given, ...sent }) => {
      // Node's client of HTTP/2 sends no body with these methods.
      const body = send === http2 && ["GET", "HEAD", "DELETE"].includes(sent.method) ? "" : given;
      const authorization = sent.credential === "token" ? `Bearer ${token}` : sent.credential;
      const response = await send(port, `${sent.path}${sent.query}`, {
        method: sent.method,
        headers: {
          ...(authorization !== undefined && { authorization }),
          ...(sent.mediaType !== undefined && { "content-type": sent.mediaType }),
          ...(sent.accept !== undefined && { accept: sent.accept }),
          "content-length": String(Buffer.byteLength(body)),
        },
        ...(body && { body }),
      });
      expect(response.status).not.toBe(500);
      check(response, sent);
    }),
    { numRuns: 300 },
  );
}

function requestOf({ path, queries, bodies, credentials }: Parts) {
  return fc.record({
    path,
    query: fc.constantFrom("", "?", "?%zz", "?a=b&a=c", ...queries),
    method: fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "PROPFIND"),
    mediaType: fc.constantFrom(
      undefined,
      "application/json",
      "application/grpc",
      "application/connect+json",
      "text/plain",
      "nonsense",
    ),
    body: fc.oneof(
      fc.constantFrom("", "{}", "[]", "null", "{", '{"__proto__":1}', ...bodies),
      fc.json(),
      fc.string(),
    ),
    credential: fc.constantFrom(
      "token",
      undefined,
      "Bearer",
      "Basic eDp5",
      "Basic !",
      "Bearer x y",
      "Bearer sk_x",
      ...credentials,
    ),
    accept: fc.constantFrom(undefined, "*/*", "text/csv", "application/x-ndjson"),
  });
}
