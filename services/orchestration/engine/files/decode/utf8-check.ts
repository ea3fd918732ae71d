import { isUtf8 } from "node:buffer";

/** Checks a text in blocks. */
export type Utf8Check = {
  /** Offset in the text of the first byte that is not UTF-8; undefined while all are. */
  check(block: Buffer): number | undefined;
  /** The same at the end of the text, where an incomplete character is invalid. */
  end(): number | undefined;
};

/** One native call per block. Characters may span two blocks. */
export function createUtf8Check(): Utf8Check {
  let carried = Buffer.alloc(0);
  let offset = 0;
  return {
    check(block) {
      const carriedBytes = carried.length;
      const joined =
        carriedBytes === 0 ? 0 : Math.min(characterBytes(carried[0] ?? 0) - carriedBytes, block.length);
      const first = Buffer.concat([carried, block.subarray(0, joined)]);
      if (carriedBytes > 0 && joined === block.length && incompleteBytes(first) > 0) {
        carried = first;
        offset += block.length;
        return undefined;
      }
      if (!isUtf8(first)) return offset - carriedBytes + firstInvalid(first);
      const rest = block.subarray(joined);
      const incomplete = incompleteBytes(rest);
      const whole = rest.subarray(0, rest.length - incomplete);
      if (!isUtf8(whole)) return offset + joined + firstInvalid(whole);
      carried = Buffer.from(rest.subarray(rest.length - incomplete));
      offset += block.length;
      return undefined;
    },
    end: () => (carried.length > 0 ? offset - carried.length : undefined),
  };
}

/** Length of the character that starts with this byte; 1 for bytes that start none. */
const characterBytes = (byte: number): number => {
  if (byte >= 0xf0) return 4;
  if (byte >= 0xe0) return 3;
  return byte >= 0xc0 ? 2 : 1;
};

/** Number of bytes at the end that form an incomplete character. */
function incompleteBytes(block: Buffer): number {
  for (let back = 1; back <= Math.min(3, block.length); back++) {
    const byte = block[block.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    return characterBytes(byte) > back ? back : 0;
  }
  return 0;
}

function firstInvalid(block: Buffer): number {
  let at = 0;
  while (at < block.length) {
    const bytes = characterBytes(block[at] ?? 0);
    if (!isUtf8(block.subarray(at, at + bytes))) return at;
    at += bytes;
  }
  return at;
}
