const codePointMax = 0x10ffff;
/** Code points of halves of surrogate pairs, which no text has. */
const surrogates = { first: 0xd800, next: 0xe000 };

/** The first text after all that begin with this one, in the order of code points; undefined if there is none. */
export function textAfter(prefix: string): string | undefined {
  const points = [...prefix].map((character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === codePointMax) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  const next = last + 1 === surrogates.first ? surrogates.next : last + 1;
  return String.fromCodePoint(...points, next);
}
