import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { readExactly } from "../../parquet/footer.ts";
import { cursorOn, MalformedFooterError, readInteger, readStruct } from "../../parquet/thrift/read-struct.ts";

/** The bytes of a column in one row group. */
export type Chunk = { readonly from: number; readonly to: number; readonly column: string };

/** A page's head; statistics make it longer than usual. */
const headBytes = 1024;
const headBytesMax = 1024 * 1024;
const blockBytes = 1024 * 1024;
const pageFields = { packedBytes: 3, checksum: 4 } as const;

/** Answers the column of the first page whose bytes are not those that its checksum is of; many files have none. */
export async function findDamage(file: FileHandle, chunks: readonly Chunk[]): Promise<string | undefined> {
  for (const { from, to, column } of chunks) {
    for (let at = from; at < to; ) {
      const page = await readPageHead(file, at, to);
      // A writer has checksums for all pages or for none.
      if (page.checksum === undefined) break;
      if ((await checksumOf(file, page.from, page.to)) !== page.checksum) return column;
      at = page.to;
    }
  }
  return undefined;
}

async function readPageHead(file: FileHandle, at: number, end: number) {
  for (let length = headBytes; ; length *= 8) {
    const bytes = await readExactly(file, at, Math.min(length, end - at));
    try {
      return parsePageHead(bytes, at, end);
    } catch (error) {
      if (!(error instanceof MalformedFooterError) || length >= headBytesMax || length >= end - at)
        throw error;
    }
  }
}

function parsePageHead(bytes: Buffer, at: number, end: number) {
  const cursor = cursorOn(bytes);
  let packedBytes = -1;
  let checksum: number | undefined;
  readStruct(cursor, ({ id, type }) => {
    if (id === pageFields.packedBytes) packedBytes = Number(readInteger(cursor, type));
    else if (id === pageFields.checksum) checksum = Number(readInteger(cursor, type)) >>> 0;
    else return false;
    return true;
  });
  const from = at + cursor.offset;
  if (packedBytes < 0 || from + packedBytes > end)
    throw new MalformedFooterError("a page is not in its place");
  return { from, to: from + packedBytes, checksum };
}

async function checksumOf(file: FileHandle, from: number, to: number): Promise<number> {
  let checksum = 0;
  for (let at = from; at < to; at += blockBytes) {
    checksum = crc32(await readExactly(file, at, Math.min(blockBytes, to - at)), checksum);
  }
  return checksum;
}
