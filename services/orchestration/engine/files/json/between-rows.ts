import { JsonError } from "./json-error.ts";

/** How rows follow each other: one a line, one after the other, or as the values of a list. */
export type Layout = "lines" | "sequence" | "list";

const lineFeed = 10;
const comma = 44;

export const isSpace = (byte: number | undefined): boolean =>
  byte === 32 || byte === lineFeed || byte === 13 || byte === 9;

const marks: Readonly<Record<Layout, number | undefined>> = {
  lines: lineFeed,
  list: comma,
  sequence: undefined,
};

/** Skips what is between two rows; throws where it is not what the layout has there. */
export function skipBetweenRows(
  { bytes, end, isLast }: { bytes: Uint8Array; end: number; isLast: boolean },
  from: number,
  layout: Layout,
  isFirst: boolean,
): number {
  const mark = marks[layout];
  let at = from;
  let marked = 0;
  for (; at < end; at++) {
    if (bytes[at] === mark) marked++;
    else if (!isSpace(bytes[at])) break;
  }
  if (at < end) refuseWrong(at, layout, marked, isFirst);
  else if (isLast && layout === "list" && marked > 0)
    throw new JsonError(at, "there is a comma behind the last object");
  return at;
}

function refuseWrong(at: number, layout: Layout, marked: number, isFirst: boolean): void {
  if (layout === "lines" && marked === 0 && !isFirst) {
    throw new JsonError(at, "there is more behind the object of this line");
  }
  if (layout === "list" && marked !== (isFirst ? 0 : 1)) {
    throw new JsonError(at, "there has to be one comma between two objects of the list");
  }
}

const kinds: Readonly<Record<string, string>> = {
  "[": "a list",
  '"': "a text",
  t: "true",
  f: "false",
  n: "null",
};

/** Why a row that begins there is none. */
export function notObject(bytes: Uint8Array, at: number): JsonError {
  const begin = String.fromCharCode(bytes[at] ?? 0);
  const found = kinds[begin] ?? (/[-0-9]/.test(begin) ? "a number" : JSON.stringify(begin));
  return new JsonError(at, `a row has to be an object, but here is ${found}`);
}
