/** Bytes from `start` (inclusive) to `end` (exclusive). */
export type Span = { readonly start: number; readonly end: number };

/** Result of a Range header: a span, the whole content, or a range beyond its end. */
export type AskedRange = Span | "whole" | "unsatisfiable";

/**
 * Parses a Range header (RFC 9110, 14.2). Several ranges, other units and malformed headers are ignored: the response
 * is the whole content.
 */
export function parseRange(range: string, sizeBytes: number): AskedRange {
  const [, first, last] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(range) ?? [];
  if (first === undefined || last === undefined) return "whole";
  if (first === "") return suffix(last, sizeBytes);
  const start = Number(first);
  const end = last === "" ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  if (last !== "" && Number(last) < start) return "whole";
  return start < sizeBytes ? { start, end } : "unsatisfiable";
}

function suffix(length: string, sizeBytes: number): AskedRange {
  if (length === "") return "whole";
  if (Number(length) === 0) return "unsatisfiable";
  // Content-Range can't express an empty range.
  return sizeBytes === 0 ? "whole" : { start: Math.max(0, sizeBytes - Number(length)), end: sizeBytes };
}
