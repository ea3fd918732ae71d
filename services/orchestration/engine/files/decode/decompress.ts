import { readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { Readable, type Transform } from "node:stream";
import { crc32, createGunzip, createInflateRaw, createZstdDecompress } from "node:zlib";
import { EngineFailure } from "../../engine-failure.ts";
import { InvalidBzip2Error } from "./bzip2/bit-reader.ts";
import { decodeBzip2 } from "./bzip2/decode-bzip2.ts";
import type { Compression } from "./file-kinds.ts";
import { findZipMember } from "./zip-member.ts";

const blockBytes = 1024 * 1024;

/** Decompresses a file into blocks of about 1 MiB. Fails with EngineFailure if it is damaged. */
export async function* decompress(
  file: FileHandle,
  compression: Compression,
  sizeBytes: number,
): AsyncGenerator<Buffer> {
  try {
    yield* decompressors[compression](file, sizeBytes);
  } catch (error) {
    throw toFailure(error, compression);
  }
}

const decompressors: Readonly<
  Record<Compression, (file: FileHandle, sizeBytes: number) => AsyncGenerator<Buffer>>
> = {
  none: (file, sizeBytes) => read(file, 0, sizeBytes),
  gzip: decompressGzip,
  zstd: decompressZstd,
  bzip2: decompressBzip2,
  zip: decompressZip,
};

async function* read(file: FileHandle, from: number, to: number): AsyncGenerator<Buffer> {
  for (let at = from; at < to; ) {
    const length = Math.min(blockBytes, to - at);
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, at);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

async function* pipeThrough(blocks: AsyncGenerator<Buffer>, transform: Transform): AsyncGenerator<Buffer> {
  const source = Readable.from(blocks);
  source.once("error", (error) => transform.destroy(error));
  try {
    yield* source.pipe(transform);
  } finally {
    source.destroy();
  }
}

async function* decompressGzip(file: FileHandle, sizeBytes: number): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: blockBytes });
  yield* pipeThrough(read(file, 0, sizeBytes), gunzip);
  // zlib ignores bytes after the last member. Programs that write blocks pad with zeros.
  await refuseTrailing(file, gunzip.bytesWritten, sizeBytes);
}

async function refuseTrailing(file: FileHandle, from: number, sizeBytes: number): Promise<void> {
  for await (const block of read(file, from, sizeBytes)) {
    if (block.some((byte) => byte !== 0)) {
      throw invalid(`the gzip has ${sizeBytes - from} bytes behind its end that are no gzip`);
    }
  }
}

function decompressZstd(file: FileHandle, sizeBytes: number): AsyncGenerator<Buffer> {
  return pipeThrough(read(file, 0, sizeBytes), createZstdDecompress({ chunkSize: blockBytes }));
}

async function* decompressBzip2(file: FileHandle): AsyncGenerator<Buffer> {
  const block = Buffer.alloc(blockBytes);
  let at = 0;
  yield* decodeBzip2(() => {
    const bytesRead = readSync(file.fd, block, 0, blockBytes, at);
    at += bytesRead;
    return block.subarray(0, bytesRead);
  });
}

async function* decompressZip(file: FileHandle, sizeBytes: number): AsyncGenerator<Buffer> {
  const member = await findZipMember(file, sizeBytes);
  let checksum = 0;
  let bytes = 0;
  for await (const block of zipContent(file, member)) {
    checksum = crc32(block, checksum);
    bytes += block.length;
    yield block;
  }
  if (bytes !== member.contentBytes || checksum !== member.crc32) {
    throw invalid("the zip is damaged: its checksum is not that of its content");
  }
}

function zipContent(
  file: FileHandle,
  { isDeflated, from, to }: { isDeflated: boolean; from: number; to: number },
): AsyncGenerator<Buffer> {
  if (!isDeflated) return read(file, from, to);
  return pipeThrough(read(file, from, to), createInflateRaw({ chunkSize: blockBytes }));
}

const invalid = (message: string) => new EngineFailure("sourceDataInvalid", message);

function toFailure(error: unknown, compression: Compression): unknown {
  if (error instanceof InvalidBzip2Error) return invalid(`the bzip2 is damaged: ${error.message}`);
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (code === "Z_BUF_ERROR" || code === "ZSTD_error_srcSize_wrong") {
    return invalid(`the ${compression} is cut off: it ends before its content does`);
  }
  if (/^(Z_|ZSTD_|ERR_ZLIB)/.test(code)) return invalid(`the ${compression} is damaged`);
  return error;
}
