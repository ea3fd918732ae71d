/** Bytes of a content from `start` up to, not including, `end`. */
export type Span = { readonly start: number; readonly end: number };

/** What a Range header asks for: some bytes; the whole; or bytes that the content does not have. */
export type AskedRange = Span | "whole" | "unsatisfiable";

/**
 * Reads a Range header as RFC 9110, 14.2 does: one range of bytes counts; several, another unit and what makes no sense
 * are passed over, which answers the whole.
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
  // An empty content has no bytes that a Content-Range could name.
  return sizeBytes === 0 ? "whole" : { start: Math.max(0, sizeBytes - Number(length)), end: sizeBytes };
}
