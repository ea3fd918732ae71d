import { type Cursor, excerpt, fail, skipSpace, skipWord } from "./cursor.ts";
import { scanAgain } from "./json-error.ts";
import { recordText } from "./record-text.ts";
import { scanNumber } from "./scan-number.ts";
import { skipText } from "./skip-text.ts";
import {
  columnsMax,
  elementOf,
  fieldOf,
  fieldsMax,
  kind,
  textForm,
  toMap,
  type ValueNode,
} from "./value-node.ts";

/** Nesting limit below a row. */
const depthMax = 100;
const quote = 34;
const comma = 44;
const colon = 58;
const openBracket = 91;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;

/**
 * Scans rows, records the common type of each node's values, and rejects invalid JSON. A row that continues beyond the
 * block is scanned again from its start, so recording must be idempotent.
 */
export function createRowScanner(row: ValueNode, isOneLine: boolean) {
  const cursor: Cursor = { bytes: new Uint8Array(0), end: 0, at: 0 };
  let objects = 0;

  /** Returns whether the value is not null. */
  function scanValue(node: ValueNode, depth: number): boolean {
    switch (skipSpace(cursor, isOneLine)) {
      case quote:
        scanText(node);
        return true;
      case openBrace:
        scanObject(node, depth + 1);
        return true;
      case openBracket:
        scanList(node, depth + 1);
        return true;
      case 116:
        skipWord(cursor, "true");
        node.kinds |= kind.boolean;
        return true;
      case 102:
        skipWord(cursor, "false");
        node.kinds |= kind.boolean;
        return true;
      case 110:
        skipWord(cursor, "null");
        return false;
      default:
        scanNumber(cursor, node);
        return true;
    }
  }

  function scanText(node: ValueNode): void {
    const from = ++cursor.at;
    const hasEscape = skipText(cursor);
    node.kinds |= kind.text;
    if (hasEscape) node.form = textForm.text;
    else recordText(node, cursor.bytes, from, cursor.at - 1);
  }

  /** Enters an object or array; returns whether it is empty. */
  function enter(close: number, depth: number): boolean {
    if (depth > depthMax + 1) fail(cursor, `it is more than ${depthMax} levels deep`);
    cursor.at++;
    const isEmpty = skipSpace(cursor, isOneLine) === close;
    if (isEmpty) cursor.at++;
    return isEmpty;
  }

  /** Continues after a value; returns whether another one follows. */
  function hasNext(close: number): boolean {
    const byte = skipSpace(cursor, isOneLine);
    if (byte !== close && byte !== comma) {
      const between = close === closeBrace ? "the fields of an object" : "the values of a list";
      fail(cursor, `there is no comma between ${between}, but ${excerpt(cursor, cursor.at)}`);
    }
    cursor.at++;
    return byte === comma;
  }

  function scanList(node: ValueNode, depth: number): void {
    node.kinds |= kind.array;
    if (enter(closeBracket, depth)) return;
    const element = elementOf(node);
    do scanValue(element, depth);
    while (hasNext(closeBracket));
  }

  function scanObject(node: ValueNode, depth: number): void {
    const object = ++objects;
    node.kinds |= kind.object;
    if (enter(closeBrace, depth)) return;
    const keys = node.mapped ? new Set<string>() : undefined;
    let index = 0;
    do {
      const field = scanName(node, index++, depth, object, keys);
      if (scanValue(field, depth) && field.countedIn !== object) {
        field.countedIn = object;
        field.valueCount++;
      }
    } while (hasNext(closeBrace));
  }

  function scanName(
    node: ValueNode,
    index: number,
    depth: number,
    object: number,
    keys: Set<string> | undefined,
  ): ValueNode {
    if (skipSpace(cursor, isOneLine) !== quote) {
      fail(cursor, `there is no name in quotes, but ${excerpt(cursor, cursor.at)}`);
    }
    cursor.at++;
    const field = node.mapped ? scanMapKey(node.mapped, keys) : scanKey(node, index, depth, object);
    if (skipSpace(cursor, isOneLine) !== colon) {
      fail(cursor, `there is no colon behind a name, but ${excerpt(cursor, cursor.at)}`);
    }
    cursor.at++;
    return field;
  }

  /** Most rows have the same names in the same order, so the expected name is compared before a lookup. */
  function scanKey(node: ValueNode, index: number, depth: number, object: number): ValueNode {
    const expected = node.fieldList[index];
    const field = expected && isKey(expected.key) ? expected : findKey(node, depth);
    if (field.seenIn === object) failTwice(field.name);
    field.seenIn = object;
    return field;
  }

  function isKey(key: Uint8Array): boolean {
    const { bytes, at } = cursor;
    const { length } = key;
    if (bytes[at + length] !== quote || at + length >= cursor.end) return false;
    for (let offset = 0; offset < length; offset++) if (bytes[at + offset] !== key[offset]) return false;
    cursor.at = at + length + 1;
    return true;
  }

  function findKey(node: ValueNode, depth: number): ValueNode {
    const from = cursor.at;
    const name = readName();
    const known = node.fields?.get(name);
    if (known) return known;
    // A copy, because the next block overwrites the buffer.
    const field = fieldOf(node, name, Uint8Array.from(cursor.bytes.subarray(from, cursor.at - 1)));
    if (depth > 1 && node.fieldList.length > fieldsMax) {
      toMap(node);
      throw scanAgain;
    }
    if (node.fieldList.length > columnsMax)
      fail(cursor, `the rows have more than ${columnsMax} different names`, from);
    return field;
  }

  function readName(): string {
    const from = cursor.at;
    const hasEscape = skipText(cursor);
    const { buffer, byteOffset } = cursor.bytes;
    const text = Buffer.from(buffer, byteOffset + from, cursor.at - 1 - from).toString();
    return hasEscape ? (JSON.parse(`"${text}"`) as string) : text;
  }

  function scanMapKey(mapped: ValueNode, keys: Set<string> | undefined): ValueNode {
    const name = readName();
    if (keys?.has(name)) failTwice(name);
    keys?.add(name);
    return mapped;
  }

  const failTwice = (name: string) =>
    fail(cursor, `an object has the name ${JSON.stringify(name.slice(0, 100))} twice`, cursor.at - 1);

  return {
    /** The byte after `end` must be zero. */
    use(bytes: Uint8Array, end: number) {
      cursor.bytes = bytes;
      cursor.end = end;
    },
    /** Scans the object at `from`; returns the offset after it, or throws needMore. */
    scan(from: number): number {
      for (;;) {
        cursor.at = from;
        const before = objects;
        try {
          scanObject(row, 1);
          return cursor.at;
        } catch (error) {
          uncount(row, before + 1);
          if (error !== scanAgain) throw error;
        }
      }
    },
  };
}

/** Reverts the counts of the row, which is scanned again. */
function uncount(row: ValueNode, object: number): void {
  for (const field of row.fieldList) {
    if (field.countedIn !== object) continue;
    field.countedIn = 0;
    field.valueCount--;
  }
}
