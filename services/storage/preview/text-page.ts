/** Encoding of a text, as `TextDecoder` names it. */
export type Charset = "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";

/** Bytes at the start of a file that decide about its encoding. Stands in the contract. */
export const sampleBytes = 4096;

const marks: readonly (readonly [Charset, readonly number[]])[] = [
  ["utf-8", [0xef, 0xbb, 0xbf]],
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
];

/**
 * The encoding of a text by its first bytes, and the size of its byte order mark. Undefined if it is no text. `isWhole`
 * says that the sample does not end within the text.
 */
export function charsetOf(
  sample: Uint8Array,
  isWhole: boolean,
): { charset: Charset; markBytes: number } | undefined {
  const marked = marks.find(([, mark]) => mark.every((byte, at) => sample[at] === byte));
  if (marked) return { charset: marked[0], markBytes: marked[1].length };
  if (sample.some(isBinary)) return undefined;
  const end = isWhole ? sample.length : endOfCharacter(sample, "utf-8");
  return { charset: isUtf8(sample.subarray(0, end)) ? "utf-8" : "windows-1252", markBytes: 0 };
}

/** Controls that texts do not have: all but tab, line feed, form feed, carriage return, backspace and escape. */
const isBinary = (byte: number): boolean =>
  byte < 0x08 || byte === 0x0b || (byte > 0x0d && byte < 0x20 && byte !== 0x1b);

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The characters that are whole in these bytes, which begin anywhere in the text, and where the first of them begins. */
export function decodePage(
  bytes: Uint8Array,
  charset: Charset,
  { isFirst, isLast, isOdd }: { isFirst: boolean; isLast: boolean; isOdd: boolean },
): { text: string; start: number; end: number } {
  const start = isFirst ? 0 : Math.min(bytes.length, startOfCharacter(bytes, charset, isOdd));
  const end = isLast ? bytes.length : Math.max(start, start + endOfCharacter(bytes.subarray(start), charset));
  const text = new TextDecoder(charset, { ignoreBOM: true }).decode(bytes.subarray(start, end));
  return { text, start, end };
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** Bytes of a character that began before. `isOdd` says that the bytes begin at an odd position. */
function startOfCharacter(bytes: Uint8Array, charset: Charset, isOdd: boolean): number {
  if (charset === "windows-1252") return 0;
  if (charset === "utf-8") {
    let start = 0;
    while (start < 3 && isContinuation(bytes[start])) start += 1;
    return start;
  }
  const start = isOdd ? 1 : 0;
  return isSurrogate(bytes, start, charset, 0xdc) ? start + 2 : start;
}

/** Where the last whole character ends. */
function endOfCharacter(bytes: Uint8Array, charset: Charset): number {
  if (charset === "windows-1252") return bytes.length;
  if (charset === "utf-8") return endOfUtf8(bytes);
  const even = bytes.length - (bytes.length % 2);
  return isSurrogate(bytes, even - 2, charset, 0xd8) ? even - 2 : even;
}

function endOfUtf8(bytes: Uint8Array): number {
  let last = bytes.length - 1;
  while (last > bytes.length - 4 && isContinuation(bytes[last])) last -= 1;
  return last >= 0 && last + lengthBy(bytes[last] ?? 0) > bytes.length ? last : bytes.length;
}

/** Size of a character of UTF-8 by its first byte. */
function lengthBy(lead: number): number {
  if (lead < 0xc0) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

/** Whether a unit of UTF-16 is the half of a pair whose upper bits are given. */
function isSurrogate(bytes: Uint8Array, at: number, charset: Charset, upper: number): boolean {
  const high = bytes[charset === "utf-16be" ? at : at + 1];
  return high !== undefined && (high & 0xfc) === upper;
}
