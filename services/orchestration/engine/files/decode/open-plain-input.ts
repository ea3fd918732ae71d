import { open } from "node:fs/promises";
import { EngineFailure } from "../../engine-failure.ts";
import type { ReadingSettings } from "../../reading-settings.ts";
import { plainName } from "../../work-file-names.ts";
import type { PlainInput } from "../readable.ts";
import { decoderOf, UndecodableError } from "./decode-text.ts";
import { decompress } from "./decompress.ts";
import { type DetectedEncoding, detectEncoding } from "./detect-encoding.ts";
import { binaryKindOf, type Compression, compressionOf } from "./file-kinds.ts";
import { decompressedBytesMax, openPlainWriter } from "./plain-writer.ts";
import { formatBytes, positionAt } from "./text-position.ts";

const prefixBytes = 64 * 1024;
/** Longest line of an encoding that is decoded line by line. */
const lineBytesMax = 64 * 1024 * 1024;

type Input = {
  readonly path: string;
  readonly fileName: string;
  readonly settings: Pick<ReadingSettings, "compression" | "encoding">;
};

/**
 * Opens a file as UTF-8 text: unchanged if it is, else decompressed and decoded into `sluice_plain`. An unchanged file may
 * start with a byte order mark; a decoded one does not. Whether UTF-8 is valid is checked by the readers, which read
 * everything anyway, with createUtf8Check and notUtf8.
 */
export async function openPlainInput({ path, fileName, settings }: Input): Promise<PlainInput> {
  await using file = await open(path);
  const { size } = await file.stat();
  const { buffer, bytesRead } = await file.read(Buffer.alloc(prefixBytes), 0, prefixBytes, 0);
  const prefix = buffer.subarray(0, bytesRead);
  const compression = settings.compression ?? compressionOf(prefix);
  if (compression === "none") {
    const found = checkText(prefix, settings.encoding, compression);
    if (found.encoding.kind === "utf8") {
      return { path, sizeBytes: size, fileName, found: { compression, encoding: found.encoding.name } };
    }
  } else if (settings.compression !== undefined && compressionOf(prefix) !== compression) {
    throw invalid(
      `settings.compression is ${compression}, but it begins with ${formatBytes(prefix.subarray(0, 4))}, which is no ${compression}`,
    );
  }
  const bytesMax = compression === "none" ? undefined : decompressedBytesMax(size);
  const written = await writePlain(
    decompress(file, compression, size),
    compression,
    settings.encoding,
    bytesMax,
  );
  return { path: plainName, fileName, ...written };
}

function checkText(
  prefix: Buffer,
  configured: string | undefined,
  compression: Compression,
): DetectedEncoding {
  const kind = binaryKindOf(prefix) ?? nestedCompression(prefix, compression);
  if (kind === undefined) return detectEncoding(prefix, configured);
  throw invalid(
    compression === "none"
      ? `it is ${kind}, not text`
      : `it is ${kind} within a ${compression}: upload it as it is`,
  );
}

function nestedCompression(prefix: Buffer, compression: Compression): string | undefined {
  const inner = compressionOf(prefix);
  if (inner === "none" || compression === "none") return undefined;
  return `a ${inner}`;
}

async function writePlain(
  blocks: AsyncGenerator<Buffer>,
  compression: Compression,
  configured: string | undefined,
  bytesMax: number | undefined,
): Promise<Pick<PlainInput, "sizeBytes" | "found">> {
  await using writer = await openPlainWriter(plainName, bytesMax);
  const prefix = await readPrefix(blocks);
  const { encoding, markBytes } = checkText(prefix, configured, compression);
  const decode = decoderOf(encoding);
  let rest: Buffer = Buffer.alloc(0);
  const add = async (block: Buffer, isLast: boolean) => {
    const next = rest.length > 0 ? Buffer.concat([rest, block]) : block;
    try {
      const decoded = decode(next, isLast);
      rest = decoded.rest;
      if (decoded.text.length > 0) await writer.write(decoded.text);
    } catch (error) {
      await writer.flush();
      throw error instanceof UndecodableError
        ? await undecodableFailure(error, writer.sizeBytes, encoding.name)
        : error;
    }
    if (rest.length > lineBytesMax) throw invalid("a line has more than 64 MiB: give the file in UTF-8");
  };
  await add(prefix.subarray(markBytes), false);
  for await (const block of blocks) await add(block, false);
  await add(Buffer.alloc(0), true);
  await writer.flush();
  return { sizeBytes: writer.sizeBytes, found: { compression, encoding: encoding.name } };
}

async function readPrefix(blocks: AsyncGenerator<Buffer>): Promise<Buffer> {
  const read: Buffer[] = [];
  let bytes = 0;
  while (bytes < prefixBytes) {
    const { value, done } = await blocks.next();
    if (done) break;
    read.push(value);
    bytes += value.length;
  }
  return Buffer.concat(read, bytes);
}

async function undecodableFailure(
  { before, bytes }: UndecodableError,
  written: number,
  name: string,
): Promise<EngineFailure> {
  const { line, character } = await positionAt(plainName, written, before);
  return invalid(
    `line ${line}, character ${character}: the bytes ${formatBytes(bytes)} are no character of ${name}: ` +
      "set settings.encoding to the encoding of the file",
  );
}

const invalid = (message: string) => new EngineFailure("sourceDataInvalid", message);
