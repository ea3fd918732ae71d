import { type BitReader, createBitReader, InvalidBzip2Error, type ReadMore } from "./bit-reader.ts";
import { type Code, readCode, readSymbol } from "./prefix-code.ts";

const blockSignature = 0x314159265359;
const endSignature = 0x177245385090;
const runA = 0;
const runB = 1;
const groupSymbols = 50;

/** Decodes one or more concatenated bzip2 streams block by block; memory is bounded by one block of 900,000 bytes. */
export function* decodeBzip2(readMore: ReadMore): Generator<Buffer> {
  const bits = createBitReader(readMore);
  for (let streams = 0; ; streams++) {
    bits.align();
    if (streams > 0 && bits.isAtEnd()) return;
    if (bits.read(24) !== 0x425a68) throw new InvalidBzip2Error("it has no header of bzip2");
    const level = bits.read(8) - 0x30;
    if (level < 1 || level > 9) throw new InvalidBzip2Error("its block size is not one of bzip2");
    yield* decodeStream(bits, level * 100_000);
  }
}

function* decodeStream(bits: BitReader, blockBytes: number): Generator<Buffer> {
  const links = new Uint32Array(blockBytes);
  let combined = 0;
  for (;;) {
    const signature = bits.read(24) * 0x1000000 + bits.read(24);
    const checksum = bits.read32();
    if (signature === endSignature) {
      if (checksum !== combined >>> 0) throw new InvalidBzip2Error("its checksum is not that of its content");
      return;
    }
    if (signature !== blockSignature) throw new InvalidBzip2Error("a block of it begins with neither mark");
    const crc = { value: 0xffffffff };
    yield* expandBlock(links, readBlock(bits, links), crc);
    const blockChecksum = ~crc.value >>> 0;
    if (blockChecksum !== checksum)
      throw new InvalidBzip2Error("a block's checksum is not that of its content");
    combined = ((combined << 1) | (combined >>> 31)) ^ blockChecksum;
  }
}

type Block = { readonly length: number; readonly origin: number };

/** Reads one block into `links`: the byte in the low 8 bits, the index of its successor above. */
function readBlock(bits: BitReader, links: Uint32Array): Block {
  if (bits.read(1) === 1)
    throw new InvalidBzip2Error("a block is randomised, as programs before 1997 wrote it");
  const origin = bits.read(24);
  const used = readUsedBytes(bits);
  const symbols = used.length + 2;
  const groups = bits.read(3);
  const selectorCount = bits.read(15);
  if (groups < 2 || groups > 6 || selectorCount === 0)
    throw new InvalidBzip2Error("a block's tables are damaged");
  const selectors = readSelectors(bits, groups, selectorCount);
  const codes = Array.from({ length: groups }, () => readCode(bits, symbols));
  const length = readBytes(links, used, symbolsOf(bits, selectors, codes));
  if (origin >= length) throw new InvalidBzip2Error("a block begins outside of itself");
  link(links, length);
  return { length, origin };
}

function readUsedBytes(bits: BitReader): Uint8Array {
  const ranges = bits.read(16);
  const used: number[] = [];
  for (let range = 0; range < 16; range++) {
    if (((ranges >> (15 - range)) & 1) === 0) continue;
    const members = bits.read(16);
    for (let at = 0; at < 16; at++) if (((members >> (15 - at)) & 1) === 1) used.push(16 * range + at);
  }
  if (used.length === 0) throw new InvalidBzip2Error("a block has no bytes");
  return Uint8Array.from(used);
}

function readSelectors(bits: BitReader, groups: number, count: number): Uint8Array {
  const front = Array.from({ length: groups }, (_, group) => group);
  return Uint8Array.from({ length: count }, () => {
    let position = 0;
    while (bits.read(1) === 1)
      if (++position >= groups) throw new InvalidBzip2Error("a block's selectors are damaged");
    const [group = 0] = front.splice(position, 1);
    front.unshift(group);
    return group;
  });
}

/** Reverses the prefix codes, the run lengths and the move-to-front; returns the number of bytes. */
function readBytes(links: Uint32Array, used: Uint8Array, nextSymbol: () => number): number {
  const front = Uint8Array.from(used);
  const last = used.length + 1;
  let length = 0;
  const append = (byte: number, count: number) => {
    if (count > links.length - length) throw new InvalidBzip2Error("a block is longer than it says");
    for (const end = length + count; length < end; length++) links[length] = byte;
  };
  for (let symbol = nextSymbol(); symbol !== last; symbol = nextSymbol()) {
    let run = 0;
    for (let weight = 1; symbol <= runB && run <= links.length; weight *= 2) {
      run += symbol === runA ? weight : 2 * weight;
      symbol = nextSymbol();
    }
    append(front[0] ?? 0, run);
    if (symbol === last) break;
    append(moveToFront(front, symbol - 1), 1);
  }
  return length;
}

/** A loop, because most moves are shorter than the cost of a native call. */
function moveToFront(front: Uint8Array, from: number): number {
  const byte = front[from] ?? 0;
  for (let position = from; position > 0; position--) front[position] = front[position - 1] ?? 0;
  front[0] = byte;
  return byte;
}

/** Returns the symbols of a block; every 50 of them use the code that the next selector names. */
function symbolsOf(bits: BitReader, selectors: Uint8Array, codes: readonly Code[]): () => number {
  let next = 0;
  let left = 0;
  let code: Code | undefined;
  return () => {
    if (left === 0) {
      left = groupSymbols;
      code = codes[selectors[next++] ?? codes.length];
    }
    left--;
    if (!code) throw new InvalidBzip2Error("a block has no end");
    return readSymbol(bits, code);
  };
}

/** Reverses the Burrows-Wheeler transform: links each byte to its successor. */
function link(links: Uint32Array, length: number): void {
  const starts = new Uint32Array(257);
  for (let at = 0; at < length; at++) increase(starts, ((links[at] ?? 0) & 0xff) + 1, 1);
  for (let byte = 0; byte < 256; byte++) increase(starts, byte + 1, starts[byte] ?? 0);
  for (let at = 0; at < length; at++) {
    const byte = (links[at] ?? 0) & 0xff;
    const position = starts[byte] ?? 0;
    starts[byte] = position + 1;
    links[position] = (links[position] ?? 0) | (at << 8);
  }
}

function increase(counts: Uint32Array, at: number, by: number): void {
  counts[at] = (counts[at] ?? 0) + by;
}

const outputBytes = 256 * 1024;
/** Four equal bytes are followed by a count of further repetitions. */
const repeatedMin = 4;
const repeatedMax = 255;

function* expandBlock(
  links: Uint32Array,
  { length, origin }: Block,
  checksum: { value: number },
): Generator<Buffer> {
  let output = Buffer.allocUnsafe(outputBytes);
  let filled = 0;
  let link = links[(links[origin] ?? 0) >>> 8] ?? 0;
  let previous = -1;
  let same = 0;
  for (let left = length; left > 0; left--) {
    const byte = link & 0xff;
    link = links[link >>> 8] ?? 0;
    if (same === repeatedMin) {
      for (const end = filled + byte; filled < end; filled++) output[filled] = previous;
      same = 0;
      previous = -1;
    } else {
      same = byte === previous ? same + 1 : 1;
      previous = byte;
      output[filled++] = byte;
    }
    if (filled + repeatedMax > outputBytes) {
      checksum.value = updateChecksum(checksum.value, output, filled);
      yield output.subarray(0, filled);
      output = Buffer.allocUnsafe(outputBytes);
      filled = 0;
    }
  }
  checksum.value = updateChecksum(checksum.value, output, filled);
  if (filled > 0) yield output.subarray(0, filled);
}

/** CRC-32 with the most significant bit first, unlike zlib's. */
const checksumTable = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit++) value = value < 0 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value;
});

function updateChecksum(start: number, bytes: Buffer, length: number): number {
  let value = start;
  for (let at = 0; at < length; at++) {
    value = (value << 8) ^ (checksumTable[((value >>> 24) ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  }
  return value;
}
