import { promisify } from "node:util";
import { constants, zstdCompress } from "node:zlib";
import type { Values } from "./column-values.ts";
import { encodeVarint } from "./thrift/encode.ts";
import { encodeThrift, i32, struct } from "./thrift/thrift-value.ts";

/** Parquet's numbers of encodings and kinds of pages. */
const encodings = { plain: 0, levels: 3, dictionary: 8 } as const;
const pageKinds = { data: 0, dictionary: 2 } as const;

/** Bytes of one column of a row group, and how long they are. */
export type Pages = {
  readonly chunks: readonly Uint8Array[];
  readonly bytes: number;
  /** With the heads of the pages. */
  readonly uncompressedBytes: number;
  /** Of the dictionary's page, which comes first; 0 where there is none. */
  readonly dictionaryBytes: number;
  readonly encodings: readonly number[];
};

type Page = { readonly head: Buffer; readonly body: Buffer; readonly uncompressedBytes: number };

const compress = promisify(zstdCompress);
/** Level 1 takes a third of the time of zstd's own default, for files that are a twentieth larger. */
const zstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

export async function encodePages(values: Values): Promise<Pages> {
  const { dictionary, parts } = values;
  const dictionaryPage = dictionary && (await encodeDictionary(dictionary.bytes, dictionary.count));
  const pages = dictionaryPage ? [dictionaryPage] : [];
  let row = 0;
  for (const part of parts) {
    const levels = encodeLevels(values, row, part.rowCount);
    const encoding = part.isByDictionary ? encodings.dictionary : encodings.plain;
    if (part.rowCount > 0 || parts.length === 1) {
      pages.push(await encodeData(Buffer.concat([levels, part.bytes]), part.rowCount, encoding));
    }
    row += part.rowCount;
  }
  const chunks = pages.flatMap(({ head, body }) => [head, body]);
  return {
    chunks,
    bytes: chunks.reduce((sum, { length }) => sum + length, 0),
    uncompressedBytes: pages.reduce((sum, page) => sum + page.head.length + page.uncompressedBytes, 0),
    dictionaryBytes: dictionaryPage ? dictionaryPage.head.length + dictionaryPage.body.length : 0,
    encodings: [encodings.plain, encodings.levels, ...(dictionary ? [encodings.dictionary] : [])],
  };
}

async function encodeDictionary(bytes: Uint8Array, count: number): Promise<Page> {
  const body = await compress(bytes, zstdOptions);
  const described = struct([
    [1, i32(count)],
    [2, i32(encodings.plain)],
  ]);
  const head = encodeThrift(
    struct([
      [1, i32(pageKinds.dictionary)],
      [2, i32(bytes.length)],
      [3, i32(body.length)],
      [7, described],
    ]),
  );
  return { head, body, uncompressedBytes: bytes.length };
}

async function encodeData(bytes: Uint8Array, rowCount: number, encoding: number): Promise<Page> {
  const body = await compress(bytes, zstdOptions);
  const described = struct([
    [1, i32(rowCount)],
    [2, i32(encoding)],
    [3, i32(encodings.levels)],
    [4, i32(encodings.levels)],
  ]);
  const head = encodeThrift(
    struct([
      [1, i32(pageKinds.data)],
      [2, i32(bytes.length)],
      [3, i32(body.length)],
      [5, described],
    ]),
  );
  return { head, body, uncompressedBytes: bytes.length };
}

/** Which of some rows have a value: their length, then one run, of the same level or packed. */
function encodeLevels({ nullCount, present }: Values, from: number, rowCount: number): Buffer {
  const content =
    nullCount === 0 ? [...encodeVarint(rowCount * 2), 1] : packedLevels(present, from, rowCount);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(content.length);
  return Buffer.concat([length, Uint8Array.from(content)]);
}

function packedLevels(present: Uint8Array, from: number, rowCount: number): Uint8Array {
  const groups = Math.ceil(rowCount / 8);
  const head = encodeVarint((groups << 1) | 1);
  const packed = new Uint8Array(head.length + groups);
  packed.set(head);
  const shift = from & 7;
  for (let index = 0; index < groups; index += 1) {
    const at = (from >> 3) + index;
    packed[head.length + index] =
      ((present[at] as number) >> shift) | ((present[at + 1] as number) << (8 - shift));
  }
  return packed;
}
