/** The content's ETag: its hash, strong. */
export const entityTagOf = (sha256: string): string => `"${sha256}"`;

/** Whether an If-None-Match header names the content: weakly compared, `*` names any. */
export function isNamedIn(ifNoneMatch: string, entityTag: string): boolean {
  if (ifNoneMatch.trim() === "*") return true;
  return ifNoneMatch.matchAll(/"[^"]*"/g).some(([named]) => named === entityTag);
}

/** Whether a Range header counts: without an If-Range header, or with one that is the content's own ETag. */
export function isRangeWanted(ifRange: string, entityTag: string): boolean {
  return ifRange === "" || ifRange.trim() === entityTag;
}
