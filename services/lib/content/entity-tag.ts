/** The content's ETag: its hash, strong. */
export const entityTagOf = (sha256: string): string => `"${sha256}"`;

/** Whether an If-None-Match header names the content: weakly compared, `*` names any. */
export function isNamedIn(ifNoneMatch: string, entityTag: string): boolean {
  if (ifNoneMatch.trim() === "*") return true;
  return ifNoneMatch.matchAll(/"[^"]*"/g).some(([named]) => named === entityTag);
}

/** Whether an If-Match header names the content: strongly compared, so a weak tag names none. */
export function isMatchedBy(ifMatch: string, entityTag: string): boolean {
  if (ifMatch.trim() === "*") return true;
  return ifMatch.matchAll(/(?<!W\/)"[^"]*"/g).some(([named]) => named === entityTag);
}
