import { isUtf8 } from "node:buffer";
import { type Cursor, skipSpace } from "../../engine/files/json/cursor.ts";
import { JsonError, needMore } from "../../engine/files/json/json-error.ts";
import { eachElement, isList, type Range, walk } from "./walk-json.ts";

/** Names of a JSON Pointer. */
export const namesOf = (pointer: string): string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));

/** The bytes of a response, with its values by their places. Throws JsonError. */
export type Page = {
  readonly bytes: Buffer;
  /** Where the value of each pointer is; undefined if the response has none. */
  find(pointers: readonly (readonly string[])[]): (Range | undefined)[];
  /** The elements of a list; undefined if the value is none. */
  elementsOf(range: Range): Range[] | undefined;
};

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/** Reads a response without changing a digit of its values: rows are cut out as they are. */
export function readPage(chunks: readonly Uint8Array[]): Page {
  const body = Buffer.concat(chunks);
  if (!isUtf8(body)) throw new JsonError(0, "it is not in UTF-8");
  // Scanning loops end at a zero byte.
  const bytes = Buffer.concat([body, Buffer.alloc(1)]);
  const start = body.subarray(0, byteOrderMark.length).equals(byteOrderMark) ? byteOrderMark.length : 0;
  const cursor: Cursor = { bytes, end: body.length, at: start };
  return {
    bytes: body,
    find: (pointers) =>
      whole(cursor, () => {
        const found: (Range | undefined)[] = pointers.map(() => undefined);
        cursor.at = start;
        walk(
          cursor,
          pointers.map((names, index) => ({ index, names })),
          found,
        );
        checkEnd(cursor);
        return found;
      }),
    elementsOf: ({ from }) =>
      whole(cursor, () => {
        if (!isList(cursor, from)) return undefined;
        const elements: Range[] = [];
        cursor.at = from;
        eachElement(cursor, () => {
          const begin = cursor.at;
          walk(cursor);
          elements.push({ from: begin, to: cursor.at });
        });
        return elements;
      }),
  };
}

function whole<T>(cursor: Cursor, scan: () => T): T {
  try {
    return scan();
  } catch (error) {
    throw error === needMore ? new JsonError(cursor.end, "it ends within a value") : error;
  }
}

/** Nothing but whitespace may follow the value. */
function checkEnd(cursor: Cursor): void {
  try {
    skipSpace(cursor, false);
  } catch (error) {
    if (error === needMore) return;
    throw error;
  }
  throw new JsonError(cursor.at, "there is more behind its value");
}
