import { JsonError } from "./json-error.ts";

/** Separation of rows: by line breaks, by nothing, or as elements of an array. */
export type Layout = "lines" | "sequence" | "list";

const lineFeed = 10;
const comma = 44;

export const isSpace = (byte: number | undefined): boolean =>
  byte === 32 || byte === lineFeed || byte === 13 || byte === 9;

const separators: Readonly<Record<Layout, number | undefined>> = {
  lines: lineFeed,
  list: comma,
  sequence: undefined,
};

/** Skips what separates two rows; throws if the layout does not allow it. */
export function skipBetweenRows(
  { bytes, end, isLast }: { bytes: Uint8Array; end: number; isLast: boolean },
  from: number,
  layout: Layout,
  isFirst: boolean,
): number {
  const separator = separators[layout];
  let at = from;
  let separatorCount = 0;
  for (; at < end; at++) {
    if (bytes[at] === separator) separatorCount++;
    else if (!isSpace(bytes[at])) break;
  }
  if (at < end) checkSeparators(at, layout, separatorCount, isFirst);
  else if (isLast && layout === "list" && separatorCount > 0)
    throw new JsonError(at, "there is a comma behind the last object");
  return at;
}

function checkSeparators(at: number, layout: Layout, separatorCount: number, isFirst: boolean): void {
  if (layout === "lines" && separatorCount === 0 && !isFirst) {
    throw new JsonError(at, "there is more behind the object of this line");
  }
  if (layout === "list" && separatorCount !== (isFirst ? 0 : 1)) {
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

/** The error for a row that is not an object. */
export function notObject(bytes: Uint8Array, at: number): JsonError {
  const begin = String.fromCharCode(bytes[at] ?? 0);
  const found = kinds[begin] ?? (/[-0-9]/.test(begin) ? "a number" : JSON.stringify(begin));
  return new JsonError(at, `a row has to be an object, but here is ${found}`);
}
