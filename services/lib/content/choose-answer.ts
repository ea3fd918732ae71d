import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { failure } from "../rpc/errors.ts";
import { parseRange, type Span } from "./byte-range.ts";
import { isMatchedBy, isNamedIn } from "./entity-tag.ts";

/** Conditional and range headers of a request; empty where absent. */
export type Conditions = {
  readonly range: string;
  readonly ifRange: string;
  readonly ifMatch: string;
  readonly ifNoneMatch: string;
  readonly ifModifiedSince: string;
  readonly ifUnmodifiedSince: string;
};

/** Validators and size of a content. */
export type Representation = {
  readonly sizeBytes: number;
  readonly entityTag: string;
  /** In whole seconds, the resolution of Last-Modified. */
  readonly lastModifiedMs: number;
};

export type ContentAnswer =
  | { readonly kind: "whole" }
  | { readonly kind: "notModified" }
  | ({ readonly kind: "part" } & Span)
  | { readonly kind: "parts"; readonly spans: readonly Span[] };

/**
 * Evaluates the conditions in the order of RFC 9110, 13.2.2. Throws preconditionFailed (412) and rangeNotSatisfiable
 * (416).
 */
export function chooseAnswer(conditions: Conditions, content: Representation): ContentAnswer {
  refuseFailed(conditions, content);
  if (isKnown(conditions, content)) return { kind: "notModified" };
  if (conditions.range === "" || !isRangeWanted(conditions.ifRange, content)) return { kind: "whole" };
  const asked = parseRange(conditions.range, content.sizeBytes);
  if (asked === "unsatisfiable") throw rangeNotSatisfiable(conditions.range, content.sizeBytes);
  if (asked === "whole") return { kind: "whole" };
  const [only, ...others] = asked;
  return only && others.length === 0 ? { kind: "part", ...only } : { kind: "parts", spans: asked };
}

/** Dates are ignored beside an entity tag; so are malformed ones. */
function refuseFailed(
  { ifMatch, ifUnmodifiedSince }: Conditions,
  { entityTag, lastModifiedMs }: Representation,
): void {
  if (ifMatch !== "") {
    if (!isMatchedBy(ifMatch, entityTag)) throw preconditionFailed("if-match: the content has another ETag");
  } else if (lastModifiedMs > dateOf(ifUnmodifiedSince)) {
    throw preconditionFailed("if-unmodified-since: the content was stored later");
  }
}

function isKnown(
  { ifNoneMatch, ifModifiedSince }: Conditions,
  { entityTag, lastModifiedMs }: Representation,
): boolean {
  if (ifNoneMatch !== "") return isNamedIn(ifNoneMatch, entityTag);
  return lastModifiedMs <= dateOf(ifModifiedSince);
}

/** A Range header applies without If-Range, or if If-Range has the content's own ETag or date. */
function isRangeWanted(ifRange: string, { entityTag, lastModifiedMs }: Representation): boolean {
  return ifRange === "" || ifRange.trim() === entityTag || dateOf(ifRange) === lastModifiedMs;
}

const httpDate = /^\s*[A-Z][a-z]{2,8}, \d{2}[ -][A-Z][a-z]{2}[ -](\d{2}|\d{4}) \d{2}:\d{2}:\d{2} GMT\s*$/;

const dateOf = (text: string): number => (httpDate.test(text) ? Date.parse(text) : Number.NaN);

const preconditionFailed = (message: string): ConnectError =>
  failure(Code.Aborted, ErrorReason.ETAG_MISMATCH, message);

const rangeNotSatisfiable = (range: string, sizeBytes: number): ConnectError =>
  failure(
    Code.OutOfRange,
    ErrorReason.RANGE_NOT_SATISFIABLE,
    `range: ${cut(range)} lies outside of the content's ${sizeBytes} bytes`,
    { size_bytes: String(sizeBytes), "content-range": `bytes */${sizeBytes}` },
  );

/** A range as a part of a message. */
const cut = (range: string): string => (range.length > 200 ? `${range.slice(0, 200)}…` : range);
