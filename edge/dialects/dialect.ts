import type { DescMessage, JsonValue, Message } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";

/**
 * How one API writes what its contract leaves open. The contract has paths, methods and fields; the dialect has the place
 * of credentials, and the format of errors, empty values and statuses. Google's JSON is the default (`google.ts`). The
 * dialect of another system owns path prefixes. Every response below them is in that dialect, also those of the edge
 * itself: unknown paths, wrong methods, limits, timeouts, crashes.
 *
 * A dialect is pure: it has no state and makes no calls. Each one runs `tests/edge/lib/dialect-suite.ts`.
 */
export type Dialect = {
  /** Names the dialect in the documentation and in logs, as `google`. */
  readonly name: string;

  /** Whether a raw path without its query is in this dialect. The first dialect that owns a path is used. */
  owns(path: string): boolean;

  /** Headers that a credential may be in, in lower case. CORS allows them, and the calls of a batch share them. */
  readonly credentialHeaders: readonly string[];

  /** The unverified credential of a request; an error if it is missing or malformed. */
  credentialOf(header: HeaderReader): Credential | ConnectError;

  /**
   * Writes an error. `httpStatusOf` and `httpHeadersOf` of `errors/http-status.ts` give the usual status and headers.
   * An unknown path is a NotFound with the reason METHOD_UNKNOWN, and a method that a path lacks has the HTTP status
   * 405 and the header `allow`. The request is undefined for errors of connections.
   */
  encodeError(error: ConnectError, request?: Requested): EncodedError;

  /** Writes a response message as JSON, with unset fields left out, empty or null. */
  encodeMessage(desc: DescMessage, message: Message): JsonValue;

  /** Puts the whole body of a successful response into an envelope; not called for the items of a stream. */
  readonly wrap?: (body: JsonValue) => JsonValue;

  /** The status of a successful response whose contract names none. */
  successStatus(httpMethod: string): number;

  /**
   * Whether parameters, fields and bodies that the contract does not name are ignored. By default they are refused.
   */
  readonly ignoresUnknown?: boolean;

  /** Whether a path that differs from a known one by a slash at its end redirects there, with 307. */
  readonly redirectsSlashes?: boolean;
};

/** A header's value by its lower-case name; several lines are joined by commas. */
export type HeaderReader = (name: string) => string | undefined;

/** An unverified credential. */
export type Credential = { readonly case: "accessToken" | "apiKey"; readonly value: string };

/** What an error can tell of its request. */
export type Requested = {
  /** Path and query, as they were sent. */
  readonly target: string;
  /** Where the client found the edge, as `https://sluice.example.org`. Undefined for a call of a batch. */
  readonly origin?: string | undefined;
};

/** An error as a whole HTTP response. In a stream that has begun, the body alone is written. */
type EncodedError = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly body: string;
};
