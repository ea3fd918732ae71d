/** Strong ETag of a content: its hash. */
export const entityTagOf = (sha256: string): string => `"${sha256}"`;

/** Whether If-None-Match matches: weak comparison; `*` matches any content. */
export function isNamedIn(ifNoneMatch: string, entityTag: string): boolean {
  if (ifNoneMatch.trim() === "*") return true;
  return ifNoneMatch.matchAll(/"[^"]*"/g).some(([named]) => named === entityTag);
}

/** Whether If-Match matches: strong comparison, so weak tags never do. */
export function isMatchedBy(ifMatch: string, entityTag: string): boolean {
  if (ifMatch.trim() === "*") return true;
  return ifMatch.matchAll(/(?<!W\/)"[^"]*"/g).some(([named]) => named === entityTag);
}
