import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { readExactly } from "../../parquet/footer.ts";
import { cursorOn, MalformedFooterError, readInteger, readStruct } from "../../parquet/thrift/read-struct.ts";

/** The extent of a column chunk. */
export type ColumnChunk = { readonly from: number; readonly to: number; readonly column: string };

/** Size of a page header; statistics can make it longer. */
const headerBytes = 1024;
const headerBytesMax = 1024 * 1024;
const blockBytes = 1024 * 1024;
const pageFields = { compressedBytes: 3, checksum: 4 } as const;

/** Finds the column of the first page that does not match its checksum. Many files have no checksums. */
export async function findDamage(
  file: FileHandle,
  chunks: readonly ColumnChunk[],
): Promise<string | undefined> {
  for (const { from, to, column } of chunks) {
    for (let at = from; at < to; ) {
      const page = await readPageHeader(file, at, to);
      // A writer sets checksums for all pages or for none.
      if (page.checksum === undefined) break;
      if ((await checksumOf(file, page.from, page.to)) !== page.checksum) return column;
      at = page.to;
    }
  }
  return undefined;
}

async function readPageHeader(file: FileHandle, at: number, end: number) {
  for (let length = headerBytes; ; length *= 8) {
    const bytes = await readExactly(file, at, Math.min(length, end - at));
    try {
      return parsePageHeader(bytes, at, end);
    } catch (error) {
      if (!(error instanceof MalformedFooterError) || length >= headerBytesMax || length >= end - at)
        throw error;
    }
  }
}

function parsePageHeader(bytes: Buffer, at: number, end: number) {
  const cursor = cursorOn(bytes);
  let compressedBytes = -1;
  let checksum: number | undefined;
  readStruct(cursor, ({ id, type }) => {
    if (id === pageFields.compressedBytes) compressedBytes = Number(readInteger(cursor, type));
    else if (id === pageFields.checksum) checksum = Number(readInteger(cursor, type)) >>> 0;
    else return false;
    return true;
  });
  const from = at + cursor.offset;
  if (compressedBytes < 0 || from + compressedBytes > end)
    throw new MalformedFooterError("a page is not in its place");
  return { from, to: from + compressedBytes, checksum };
}

async function checksumOf(file: FileHandle, from: number, to: number): Promise<number> {
  let checksum = 0;
  for (let at = from; at < to; at += blockBytes) {
    checksum = crc32(await readExactly(file, at, Math.min(blockBytes, to - at)), checksum);
  }
  return checksum;
}
