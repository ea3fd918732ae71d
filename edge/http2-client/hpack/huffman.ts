import { constants } from "node:http2";
import { Http2Error } from "../http2-error.ts";

/**
 * Code lengths of each byte and of EOS, in bits. The code is canonical: shorter codes are lower, and codes of one length are
 * in the order of their symbols. Source: RFC 7541, appendix B.
 */
// biome-ignore format: 32 in a line
const bitsOf: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];
const endOfString = 256;

/** Padding is at most seven bits, all of them 1. */
const paddingBitsMax = 7;

/** Two entries a node, for bit 0 and bit 1. A leaf is the negated symbol minus 1. */
const tree = growTree();

function growTree(): Int16Array {
  const nodes = new Int16Array(2 * bitsOf.length);
  let nodeCount = 1;
  let code = 0;
  let codeBits = 0;
  const symbols = bitsOf.map((bits, symbol) => ({ bits, symbol })).sort((a, b) => a.bits - b.bits);
  for (const { bits, symbol } of symbols) {
    code <<= bits - codeBits;
    codeBits = bits;
    let node = 0;
    for (let shift = bits - 1; shift > 0; shift -= 1) {
      const at = 2 * node + ((code >> shift) & 1);
      if (nodes[at] === 0) {
        nodes[at] = nodeCount;
        nodeCount += 1;
      }
      node = nodes[at] ?? 0;
    }
    nodes[2 * node + (code & 1)] = -symbol - 1;
    code += 1;
  }
  return nodes;
}

/** Decodes a string as latin1. Throws COMPRESSION_ERROR for invalid padding. */
export function decodeHuffman(bytes: Uint8Array): string {
  // The shortest code is five bits long.
  const text = Buffer.allocUnsafe(Math.floor((bytes.length * 8) / 5));
  let length = 0;
  let node = 0;
  let bitsSince = 0;
  let isPadding = true;
  for (const byte of bytes) {
    for (let shift = 7; shift >= 0; shift -= 1) {
      const bit = (byte >> shift) & 1;
      const next = tree[2 * node + bit] ?? 0;
      bitsSince += 1;
      isPadding &&= bit === 1;
      if (next >= 0) node = next;
      else {
        if (-next - 1 === endOfString) throw invalid();
        text[length] = -next - 1;
        length += 1;
        node = 0;
        bitsSince = 0;
        isPadding = true;
      }
    }
  }
  if (!isPadding || bitsSince > paddingBitsMax) throw invalid();
  return text.toString("latin1", 0, length);
}

const invalid = () =>
  new Http2Error(constants.NGHTTP2_COMPRESSION_ERROR, "a header's text does not end as it must");
