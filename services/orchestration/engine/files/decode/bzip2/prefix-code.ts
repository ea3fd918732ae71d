import { type BitReader, InvalidBzip2Error } from "./bit-reader.ts";

const codeBitsMax = 20;

/** A canonical prefix code: per length the largest code and the base to subtract, and all symbols in code order. */
export type Code = {
  readonly limits: Int32Array;
  readonly bases: Int32Array;
  readonly symbols: Uint16Array;
  readonly bitsMin: number;
};

export function readCode(bits: BitReader, count: number): Code {
  const lengths = new Uint8Array(count);
  let length = bits.read(5);
  for (let symbol = 0; symbol < count; symbol++) {
    for (;;) {
      if (length < 1 || length > codeBitsMax) throw new InvalidBzip2Error("a code of it is too long");
      if (bits.read(1) === 0) break;
      length += bits.read(1) === 0 ? 1 : -1;
    }
    lengths[symbol] = length;
  }
  return makeCode(lengths);
}

function makeCode(lengths: Uint8Array): Code {
  const limits = new Int32Array(codeBitsMax + 2).fill(-1);
  const bases = new Int32Array(codeBitsMax + 2);
  const symbols: number[] = [];
  let code = 0;
  for (let length = 1; length <= codeBitsMax; length++) {
    code <<= 1;
    bases[length] = code - symbols.length;
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] !== length) continue;
      symbols.push(symbol);
      code++;
    }
    limits[length] = code - 1;
  }
  return { limits, bases, symbols: Uint16Array.from(symbols), bitsMin: Math.min(...lengths) };
}

export function readSymbol(bits: BitReader, { limits, bases, symbols, bitsMin }: Code): number {
  const ahead = bits.peek(codeBitsMax);
  for (let length = bitsMin; length <= codeBitsMax; length++) {
    const code = ahead >>> (codeBitsMax - length);
    if (code > (limits[length] ?? -1)) continue;
    bits.skip(length);
    return symbols[code - (bases[length] ?? 0)] ?? fail("a code of it is not defined");
  }
  return fail("a code of it is not defined");
}

const fail = (message: string): never => {
  throw new InvalidBzip2Error(message);
};
