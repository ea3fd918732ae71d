import { isUtf8 } from "node:buffer";

/** Checks a text that comes in blocks. */
export type Utf8Check = {
  /** Offset of the first byte, counted from the text's beginning, that is not UTF-8; undefined while all of it is. */
  check(block: Buffer): number | undefined;
  /** As check: a character that is cut off at the end is not UTF-8. */
  end(): number | undefined;
};

/** A block costs one call of native code; the bytes of a character may be in two blocks. */
export function createUtf8Check(): Utf8Check {
  let carried = Buffer.alloc(0);
  let offset = 0;
  return {
    check(block) {
      const begun = carried.length;
      const joint = begun === 0 ? 0 : Math.min(characterBytes(carried[0] ?? 0) - begun, block.length);
      const first = Buffer.concat([carried, block.subarray(0, joint)]);
      if (begun > 0 && joint === block.length && cutOff(first) > 0) {
        carried = first;
        offset += block.length;
        return undefined;
      }
      if (!isUtf8(first)) return offset - begun + firstInvalid(first);
      const rest = block.subarray(joint);
      const cut = cutOff(rest);
      const whole = rest.subarray(0, rest.length - cut);
      if (!isUtf8(whole)) return offset + joint + firstInvalid(whole);
      carried = Buffer.from(rest.subarray(rest.length - cut));
      offset += block.length;
      return undefined;
    },
    end: () => (carried.length > 0 ? offset - carried.length : undefined),
  };
}

/** How many bytes a character takes that begins with this byte; 1 where none begins. */
const characterBytes = (byte: number): number => {
  if (byte >= 0xf0) return 4;
  if (byte >= 0xe0) return 3;
  return byte >= 0xc0 ? 2 : 1;
};

/** How many bytes at the end begin a character that they do not complete. */
function cutOff(block: Buffer): number {
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
