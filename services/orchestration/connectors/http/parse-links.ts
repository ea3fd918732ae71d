/** A link of a header Link. */
export type Link = {
  readonly target: string;
  /** Its relation types, in lower case. */
  readonly rels: readonly string[];
};

const space = /[ \t]*/y;
const target = /<([^<>"\s]*)>/y;
const parameter =
  /[ \t]*;[ \t]*(?:([!#$%&'*+.^_`|~\w-]+)[ \t]*(?:=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~\w:/?=@()[\]{},-]*?)(?=[ \t]*(?:[;,]|$))))?)?/y;

/**
 * Parses a header Link (RFC 8288). Undefined for one that is written in any other way: a link that is not understood may be that
 * to the next page.
 */
export function parseLinks(header: string): Link[] | undefined {
  const links: Link[] = [];
  let at = 0;
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const found = pattern.exec(header);
    if (found) at = pattern.lastIndex;
    return found;
  };
  for (;;) {
    take(space);
    if (at === header.length) return links;
    const [, address] = take(target) ?? [];
    if (address === undefined) return undefined;
    links.push({ target: address, rels: relsOf(take, parameter) });
    take(space);
    if (at === header.length) return links;
    if (header[at] !== ",") return undefined;
    at += 1;
  }
}

/** The first `rel` counts. */
function relsOf(take: (pattern: RegExp) => RegExpExecArray | null, pattern: RegExp): string[] {
  let rels: string[] | undefined;
  for (let found = take(pattern); found; found = take(pattern)) {
    const [, name = "", quoted, token] = found;
    if (name.toLowerCase() !== "rel" || rels) continue;
    const text = quoted?.replace(/\\(.)/g, "$1") ?? token ?? "";
    rels = text
      .toLowerCase()
      .split(/[ \t]+/)
      .filter((rel) => rel !== "");
  }
  return rels ?? [];
}
