import type { FileHandle } from "node:fs/promises";
import { EngineFailure } from "../../engine-failure.ts";

/** The content of the only file of a zip. */
export type ZipMember = {
  readonly isDeflated: boolean;
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly contentBytes: number;
  readonly crc32: number;
};

const endSignature = 0x06054b50;
const endBytes = 22;
const commentBytesMax = 0xffff;
const entrySignature = 0x02014b50;
const entryBytes = 46;
const headerSignature = 0x04034b50;
const headerBytes = 30;
const directoryBytesMax = 1024 * 1024;
const encryptedFlags = 0x2041;

/** Finds the only file of a zip. Its name is never used as a path. */
export async function findZipMember(file: FileHandle, sizeBytes: number): Promise<ZipMember> {
  const { entries, directoryAt } = await readEnd(file, sizeBytes);
  const directory = await readDirectory(file, directoryAt, sizeBytes);
  const found = [...readEntries(directory, entries)].filter(({ name }) => !isIgnored(name));
  const [entry, second] = found;
  if (!entry) throw invalid("the zip has no file");
  if (second) {
    throw invalid(
      `the zip has ${found.length} files, as ${quoted(entry.name)} and ${quoted(second.name)}: upload each alone`,
    );
  }
  if (entry.flags & encryptedFlags) throw invalid(`${quoted(entry.name)} in the zip is encrypted`);
  if (entry.method !== 0 && entry.method !== 8) {
    throw invalid(
      `${quoted(entry.name)} in the zip is compressed by method ${entry.method}: only deflate (8) and none (0) are read`,
    );
  }
  const from = await contentStart(file, entry);
  if (from + entry.compressedBytes > directoryAt) throw damaged("a file reaches into its list of files");
  return {
    isDeflated: entry.method === 8,
    from,
    to: from + entry.compressedBytes,
    contentBytes: entry.contentBytes,
    crc32: entry.crc32,
  };
}

/** Folders and metadata of macOS. */
const isIgnored = (name: string): boolean => name.endsWith("/") || name.startsWith("__MACOSX/");

async function readEnd(file: FileHandle, sizeBytes: number) {
  const length = Math.min(sizeBytes, endBytes + commentBytesMax);
  const end = await readAt(file, sizeBytes - length, length);
  for (let at = length - endBytes; at >= 0; at--) {
    if (end.readUInt32LE(at) !== endSignature || at + endBytes + end.readUInt16LE(at + 20) !== length)
      continue;
    const entries = end.readUInt16LE(at + 10);
    const directoryAt = end.readUInt32LE(at + 16);
    if (entries === 0xffff || directoryAt === 0xffffffff) throw zip64();
    if (end.readUInt16LE(at + 4) !== 0 || entries !== end.readUInt16LE(at + 8)) {
      throw invalid("the zip is one of several parts");
    }
    return { entries, directoryAt };
  }
  throw damaged("its list of files is missing");
}

async function readDirectory(file: FileHandle, at: number, sizeBytes: number): Promise<Buffer> {
  if (at >= sizeBytes) throw damaged("its list of files is missing");
  if (sizeBytes - at > directoryBytesMax) throw invalid("the zip has too many files");
  return readAt(file, at, sizeBytes - at);
}

type Entry = {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc32: number;
  readonly compressedBytes: number;
  readonly contentBytes: number;
  readonly headerAt: number;
};

function* readEntries(directory: Buffer, count: number): Generator<Entry> {
  let at = 0;
  for (let read = 0; read < count; read++) {
    if (at + entryBytes > directory.length || directory.readUInt32LE(at) !== entrySignature) {
      throw damaged("its list of files ends too early");
    }
    const nameBytes = directory.readUInt16LE(at + 28);
    const name = directory.toString("utf8", at + entryBytes, at + entryBytes + nameBytes);
    const entry = {
      name,
      flags: directory.readUInt16LE(at + 8),
      method: directory.readUInt16LE(at + 10),
      crc32: directory.readUInt32LE(at + 16),
      compressedBytes: directory.readUInt32LE(at + 20),
      contentBytes: directory.readUInt32LE(at + 24),
      headerAt: directory.readUInt32LE(at + 42),
    };
    if ([entry.compressedBytes, entry.contentBytes, entry.headerAt].includes(0xffffffff)) throw zip64();
    yield entry;
    at += entryBytes + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
}

async function contentStart(file: FileHandle, entry: Entry): Promise<number> {
  const header = await readAt(file, entry.headerAt, headerBytes);
  if (header.length < headerBytes || header.readUInt32LE(0) !== headerSignature) {
    throw damaged("a file is not where its list says");
  }
  if (header.readUInt16LE(8) !== entry.method) throw damaged("a file and the list of files do not agree");
  return entry.headerAt + headerBytes + header.readUInt16LE(26) + header.readUInt16LE(28);
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
  return buffer.subarray(0, bytesRead);
}

const nameCharactersMax = 100;
const quoted = (name: string): string => JSON.stringify(name.slice(0, nameCharactersMax));
const invalid = (message: string) => new EngineFailure("sourceDataInvalid", message);
const damaged = (how: string) => invalid(`the zip is damaged: ${how}`);
const zip64 = () =>
  invalid("the zip is a zip64, as for files of 4 GiB and more: compress the file by gzip or zstd");
