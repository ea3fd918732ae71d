import { open } from "node:fs/promises";
import { EngineFailure } from "../../engine-failure.ts";
import type { ReadingSettings } from "../../reading-settings.ts";
import { plainName } from "../../work-file-names.ts";
import type { PlainInput } from "../readable.ts";
import { encodingOf, type FoundEncoding } from "./byte-order-mark.ts";
import { placeOf, spellBytes } from "./byte-place.ts";
import { decoderOf, Undecodable } from "./decode-text.ts";
import { binaryKindOf, type Compression, compressionOf } from "./file-kinds.ts";
import { openPlainWriter, unpackedBytesMax } from "./plain-writer.ts";
import { unpack } from "./unpack.ts";

const beginningBytes = 64 * 1024;
/** What is held of a text whose characters can only be told apart from the beginning of their line. */
const lineBytesMax = 64 * 1024 * 1024;

type Input = {
  readonly path: string;
  readonly fileName: string;
  readonly settings: Pick<ReadingSettings, "compression" | "encoding">;
};

/**
 * Opens a file as a text in UTF-8: itself where it is one, or else unpacked and decoded into `sluice_plain`. A file that
 * is itself may begin with a byte order mark; one that was made does not. Whether text that is said to be UTF-8 is so
 * is not looked at here but by those who read all of it anyway, by createUtf8Check and notUtf8.
 */
export async function openPlainInput({ path, fileName, settings }: Input): Promise<PlainInput> {
  await using file = await open(path);
  const { size } = await file.stat();
  const { buffer, bytesRead } = await file.read(Buffer.alloc(beginningBytes), 0, beginningBytes, 0);
  const beginning = buffer.subarray(0, bytesRead);
  const compression = settings.compression ?? compressionOf(beginning);
  if (compression === "none") {
    const found = textOf(beginning, settings.encoding, compression);
    if (found.encoding.kind === "utf8") {
      return { path, sizeBytes: size, fileName, found: { compression, encoding: found.encoding.name } };
    }
  } else if (settings.compression !== undefined && compressionOf(beginning) !== compression) {
    throw invalid(
      `settings.compression is ${compression}, but it begins with ${spellBytes(beginning.subarray(0, 4))}, which is no ${compression}`,
    );
  }
  const bytesMax = compression === "none" ? undefined : unpackedBytesMax(size);
  const made = await writePlain(unpack(file, compression, size), compression, settings.encoding, bytesMax);
  return { path: plainName, fileName, ...made };
}

function textOf(beginning: Buffer, said: string | undefined, compression: Compression): FoundEncoding {
  const kind = binaryKindOf(beginning) ?? packedTwice(beginning, compression);
  if (kind === undefined) return encodingOf(beginning, said);
  throw invalid(
    compression === "none"
      ? `it is ${kind}, not text`
      : `it is ${kind} within a ${compression}: upload it as it is`,
  );
}

function packedTwice(beginning: Buffer, compression: Compression): string | undefined {
  const inner = compressionOf(beginning);
  if (inner === "none" || compression === "none") return undefined;
  return `a ${inner}`;
}

async function writePlain(
  blocks: AsyncGenerator<Buffer>,
  compression: Compression,
  said: string | undefined,
  bytesMax: number | undefined,
): Promise<Pick<PlainInput, "sizeBytes" | "found">> {
  await using writer = await openPlainWriter(plainName, bytesMax);
  const beginning = await readBeginning(blocks);
  const { encoding, markBytes } = textOf(beginning, said, compression);
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
      throw error instanceof Undecodable ? await undecodable(error, writer.sizeBytes, encoding.name) : error;
    }
    if (rest.length > lineBytesMax) throw invalid("a line has more than 64 MiB: give the file in UTF-8");
  };
  await add(beginning.subarray(markBytes), false);
  for await (const block of blocks) await add(block, false);
  await add(Buffer.alloc(0), true);
  await writer.flush();
  return { sizeBytes: writer.sizeBytes, found: { compression, encoding: encoding.name } };
}

async function readBeginning(blocks: AsyncGenerator<Buffer>): Promise<Buffer> {
  const read: Buffer[] = [];
  let bytes = 0;
  while (bytes < beginningBytes) {
    const { value, done } = await blocks.next();
    if (done) break;
    read.push(value);
    bytes += value.length;
  }
  return Buffer.concat(read, bytes);
}

async function undecodable(
  { before, bytes }: Undecodable,
  written: number,
  name: string,
): Promise<EngineFailure> {
  const { line, character } = await placeOf(plainName, written, before);
  return invalid(
    `line ${line}, character ${character}: the bytes ${spellBytes(bytes)} are no character of ${name}: ` +
      "set settings.encoding to the encoding of the file",
  );
}

const invalid = (message: string) => new EngineFailure("sourceDataInvalid", message);
