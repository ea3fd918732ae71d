/** Bytes from `start` (inclusive) to `end` (exclusive). */
export type Span = { readonly start: number; readonly end: number };

/** Result of a Range header: one or more spans, the whole content, or ranges that are all beyond its end. */
export type AskedRange = readonly Span[] | "whole" | "unsatisfiable";

/** Most ranges of a header. One with more is ignored. Stands in the contract. */
const rangesMax = 100;

/**
 * Parses a Range header (RFC 9110, 14.1.2 and 14.2). Ranges that overlap or touch are merged, and those beyond the end are
 * left out; the others keep their order. Other units and malformed headers are ignored: the response is the whole content.
 */
export function parseRange(range: string, sizeBytes: number): AskedRange {
  const [, set] = /^\s*bytes\s*=(.*)$/is.exec(range) ?? [];
  // A list may have empty elements (RFC 9110, 5.6.1.2).
  const specs = set?.split(",").filter((spec) => spec.trim() !== "") ?? [];
  if (specs.length === 0 || specs.length > rangesMax) return "whole";
  const asked = specs.map((spec) => parseSpec(spec, sizeBytes));
  if (asked.includes("whole")) return "whole";
  const spans = asked.filter((one) => typeof one === "object");
  return spans.length === 0 ? "unsatisfiable" : merge(spans);
}

function parseSpec(spec: string, sizeBytes: number): Span | "whole" | "unsatisfiable" {
  const [, first, last] = /^\s*(\d*)\s*-\s*(\d*)\s*$/.exec(spec) ?? [];
  if (first === undefined || last === undefined) return "whole";
  if (first === "") return suffix(last, sizeBytes);
  const start = Number(first);
  const end = last === "" ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  if (last !== "" && Number(last) < start) return "whole";
  return start < sizeBytes ? { start, end } : "unsatisfiable";
}

function suffix(length: string, sizeBytes: number): Span | "whole" | "unsatisfiable" {
  if (length === "") return "whole";
  if (Number(length) === 0) return "unsatisfiable";
  // Content-Range can't express an empty range.
  return sizeBytes === 0 ? "whole" : { start: Math.max(0, sizeBytes - Number(length)), end: sizeBytes };
}

type Placed = { readonly span: Span; readonly at: number };

/** A merged span has the place of its first one. */
function merge(spans: readonly Span[]): Span[] {
  const byStart = spans.map((span, at) => ({ span, at })).sort((a, b) => a.span.start - b.span.start);
  const merged: Placed[] = [];
  for (const one of byStart) {
    const last = merged.at(-1);
    if (last && one.span.start <= last.span.end) merged[merged.length - 1] = union(last, one);
    else merged.push(one);
  }
  return merged.sort((a, b) => a.at - b.at).map(({ span }) => span);
}

const union = (one: Placed, other: Placed): Placed => ({
  span: { start: one.span.start, end: Math.max(one.span.end, other.span.end) },
  at: Math.min(one.at, other.at),
});
