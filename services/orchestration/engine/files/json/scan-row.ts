import { JsonError, needMore, scanAgain } from "./json-error.ts";
import { noteNumber } from "./number-facts.ts";
import { noteText } from "./text-forms.ts";
import { columnsMax, elementOf, fieldOf, fieldsMax, kind, toMap, type ValueNode } from "./value-node.ts";

/** Levels of objects and lists below a row. */
const depthMax = 100;
const quote = 34;
const backslash = 92;
const zero = 48;
const minus = 45;
const plus = 43;
const lineFeed = 10;

/** 1 for a byte that ends the plain part of a text: its quote, a backslash, a control character. */
const endsPlain = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 32 || byte === quote || byte === backslash ? 1 : 0,
);
const isDigit = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= zero && byte <= 57 ? 1 : 0));
/** 1 for what may follow a number. */
const endsNumber = Uint8Array.from({ length: 256 }, (_, byte) =>
  " \t\r\n,]}".includes(String.fromCharCode(byte)) ? 1 : 0,
);

/**
 * Scans rows: keeps what all values of a place have in common, and refuses what is no JSON. A row that goes on behind the
 * bytes at hand is scanned again from its beginning, so that nothing kept may depend on how often a value is seen.
 */
export function createRowScanner(row: ValueNode, isOneLine: boolean) {
  let bytes: Uint8Array = new Uint8Array(0);
  let end = 0;
  let at = 0;
  let objects = 0;
  const number = { from: 0, point: 0, exponent: 0, to: 0 };

  const fail = (message: string, offset = at): never => {
    throw offset >= end ? needMore : new JsonError(offset, message);
  };

  function skipSpace(): number {
    for (;;) {
      const byte = bytes[at] as number;
      if (byte > 32 || at >= end) return at < end ? byte : fail("");
      if (byte === lineFeed && isOneLine) fail("the line ends within an object: set settings.format to json");
      if (byte !== 32 && byte !== lineFeed && byte !== 13 && byte !== 9)
        fail(`there is ${shown(byte)} between values`);
      at++;
    }
  }

  function expect(word: string): void {
    for (let index = 0; index < word.length; index++) {
      if (at + index >= end) throw needMore;
      if (bytes[at + index] !== word.charCodeAt(index)) fail(`there is no value: ${excerpt(bytes, at, end)}`);
    }
    at += word.length;
  }

  /** Stands behind the first quote; ends behind the last one. Answers whether there was a backslash. */
  function skipText(): boolean {
    let hasEscape = false;
    for (;;) {
      while (endsPlain[bytes[at] as number] === 0) at++;
      if (at >= end) throw needMore;
      if (bytes[at] === quote) {
        at++;
        return hasEscape;
      }
      if (bytes[at] !== backslash) fail(`a text has ${shown(bytes[at] ?? 0)} in it that is not escaped`);
      hasEscape = true;
      skipEscape();
    }
  }

  function skipEscape(): void {
    if (at + 12 > end && !hasTextEnd()) throw needMore;
    const escaped = bytes[at + 1] as number;
    if (escaped !== 117) {
      if (!'"\\/bfnrt'.includes(String.fromCharCode(escaped)))
        fail(`\\${String.fromCharCode(escaped)} is no escape of JSON`);
      at += 2;
      return;
    }
    const unit = unitAt(at);
    const isHigh = unit >= 0xd800 && unit <= 0xdbff;
    if (unit >= 0xdc00 && unit <= 0xdfff) fail("a text has half of a surrogate pair");
    if (isHigh) {
      const low = bytes[at + 6] === backslash && bytes[at + 7] === 117 ? unitAt(at + 6) : 0;
      if (low < 0xdc00 || low > 0xdfff) fail("a text has half of a surrogate pair");
    }
    at += isHigh ? 12 : 6;
  }

  /** Whether the text's last quote is among the bytes at hand, so that a short escape is wrong and not cut off. */
  function hasTextEnd(): boolean {
    for (let next = at + 2; next < end; next++) if (bytes[next] === quote) return true;
    return false;
  }

  function unitAt(from: number): number {
    let unit = 0;
    for (let index = from + 2; index < from + 6; index++) {
      const digit = Number.parseInt(String.fromCharCode(bytes[index] ?? 0), 16);
      if (index >= end || Number.isNaN(digit)) fail("\\u is not followed by four hexadecimal digits", from);
      unit = unit * 16 + digit;
    }
    return unit;
  }

  function scanNumber(node: ValueNode): void {
    const begin = at;
    const isNegative = bytes[at] === minus;
    if (isNegative) at++;
    number.from = at;
    while (isDigit[bytes[at] as number] === 1) at++;
    const whole = at - number.from;
    number.point = number.exponent = -1;
    if (bytes[at] === 46) {
      number.point = at++;
      while (isDigit[bytes[at] as number] === 1) at++;
    }
    const afterFraction = at;
    if (((bytes[at] as number) | 32) === 101) {
      number.exponent = at++;
      if (bytes[at] === plus || bytes[at] === minus) at++;
      while (isDigit[bytes[at] as number] === 1) at++;
    }
    if (at >= end) throw needMore;
    const isWell =
      whole > 0 &&
      (whole === 1 || bytes[number.from] !== zero) &&
      number.point !== afterFraction - 1 &&
      (number.exponent < 0 || isDigit[bytes[at - 1] as number] === 1) &&
      endsNumber[bytes[at] as number] === 1;
    if (!isWell) fail(`${excerpt(bytes, begin, end)} is no value of JSON`, begin);
    number.to = at;
    if (number.exponent < 0) number.exponent = at;
    if (number.point < 0) number.point = at;
    node.kinds |= kind.number;
    noteNumber(node, bytes, number, isNegative);
  }

  /** Answers whether there was a value, which null is not. */
  function scanValue(node: ValueNode, depth: number): boolean {
    switch (skipSpace()) {
      case quote: {
        const from = ++at;
        const hasEscape = skipText();
        node.kinds |= kind.text;
        if (hasEscape) node.form = 0;
        else noteText(node, bytes, from, at - 1);
        return true;
      }
      case 123:
        if (depth > depthMax) fail(`it is more than ${depthMax} levels deep`);
        scanObject(node, depth + 1);
        return true;
      case 91:
        if (depth > depthMax) fail(`it is more than ${depthMax} levels deep`);
        scanArray(node, depth + 1);
        return true;
      case 116:
      case 102:
        expect(bytes[at] === 116 ? "true" : "false");
        node.kinds |= kind.boolean;
        return true;
      case 110:
        expect("null");
        return false;
      default:
        scanNumber(node);
        return true;
    }
  }

  function scanArray(node: ValueNode, depth: number): void {
    node.kinds |= kind.array;
    at++;
    if (skipSpace() === 93) {
      at++;
      return;
    }
    const element = elementOf(node);
    for (;;) {
      scanValue(element, depth);
      const byte = skipSpace();
      at++;
      if (byte === 93) return;
      if (byte !== 44)
        fail(`there is no comma between the values of a list: ${excerpt(bytes, at - 1, end)}`, at - 1);
    }
  }

  function scanObject(node: ValueNode, depth: number): void {
    const object = ++objects;
    node.kinds |= kind.object;
    const mapKeys = node.mapped ? new Set<string>() : undefined;
    at++;
    if (skipSpace() === 125) {
      at++;
      return;
    }
    let place = 0;
    for (;;) {
      if (skipSpace() !== quote) fail(`there is no name in quotes: ${excerpt(bytes, at, end)}`);
      at++;
      const field = node.mapped ? scanMapKey(node.mapped, mapKeys) : scanKey(node, place++, depth, object);
      if (skipSpace() !== 58) fail(`there is no colon behind a name: ${excerpt(bytes, at, end)}`);
      at++;
      if (scanValue(field, depth) && field.countedIn !== object) {
        field.countedIn = object;
        field.valueCount++;
      }
      const byte = skipSpace();
      at++;
      if (byte === 125) return;
      if (byte !== 44)
        fail(`there is no comma between the fields of an object: ${excerpt(bytes, at - 1, end)}`, at - 1);
    }
  }

  /** Most rows have the same names in the same order: the one that is expected is compared, others are looked up. */
  function scanKey(node: ValueNode, place: number, depth: number, object: number): ValueNode {
    const expected = node.fieldList[place];
    const field = expected && isKey(expected.key) ? expected : findKey(node, depth);
    if (field.seenIn === object)
      fail(`an object has the name ${JSON.stringify(field.name.slice(0, 100))} twice`, at - 1);
    field.seenIn = object;
    return field;
  }

  function isKey(key: Uint8Array): boolean {
    const { length } = key;
    if (bytes[at + length] !== quote || at + length >= end) return false;
    for (let index = 0; index < length; index++) if (bytes[at + index] !== key[index]) return false;
    at += length + 1;
    return true;
  }

  function findKey(node: ValueNode, depth: number): ValueNode {
    const from = at;
    const name = readName();
    const field = fieldOf(node, name, bytes.slice(from, at - 1));
    if (depth > 1 && node.fieldList.length > fieldsMax) {
      toMap(node);
      throw scanAgain;
    }
    if (node.fieldList.length > columnsMax)
      fail(`the rows have more than ${columnsMax} different names`, from);
    return field;
  }

  function readName(): string {
    const from = at;
    const hasEscape = skipText();
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, at - 1 - from).toString();
    return hasEscape ? (JSON.parse(`"${text}"`) as string) : text;
  }

  function scanMapKey(mapped: ValueNode, keys: Set<string> | undefined): ValueNode {
    const name = readName();
    if (keys?.has(name)) fail(`an object has the name ${JSON.stringify(name.slice(0, 100))} twice`, at - 1);
    keys?.add(name);
    return mapped;
  }

  return {
    /** The bytes behind `to` are the scanner's to read: zeros. */
    use(block: Uint8Array, to: number) {
      bytes = block;
      end = to;
    },
    /** Scans the object that begins there; answers where it ends, or throws needMore. */
    scan(from: number): number {
      for (;;) {
        at = from;
        const before = objects;
        try {
          scanObject(row, 1);
          return at;
        } catch (error) {
          uncount(row, before + 1);
          if (error !== scanAgain) throw error;
        }
      }
    },
  };
}

/** Forgets the row's values, which are counted again with the rest of it. */
function uncount(row: ValueNode, object: number): void {
  for (const field of row.fieldList) {
    if (field.countedIn !== object) continue;
    field.countedIn = 0;
    field.valueCount--;
  }
}

const excerptBytes = 20;

/** What stands there, for a message. */
function excerpt(bytes: Uint8Array, from: number, end: number): string {
  const text = Buffer.from(bytes.subarray(from, Math.min(end, from + excerptBytes))).toString();
  return JSON.stringify(/^.[^\s,}\]]*/.exec(text.replace(/\ufffd+$/, ""))?.[0] ?? "");
}

const shown = (byte: number): string =>
  `the control character 0x${byte.toString(16).toUpperCase().padStart(2, "0")}`;
