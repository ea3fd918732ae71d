import { type ByteSource, sliceOf } from "./byte-source.ts";

export type ZipEntry = {
  readonly name: string;
  readonly isEncrypted: boolean;
  /** 0 is stored, 8 is deflate. */
  readonly method: number;
  readonly compressedBytes: number;
  /** Position of the entry's own header. */
  readonly offset: number;
};

const endBytes = 22;
const commentBytesMax = 65_535;
const endSignature = 0x06054b50;
const locatorBytes = 20;
const locatorSignature = 0x07064b50;
const end64Signature = 0x06064b50;
const end64Bytes = 56;
const entrySignature = 0x02014b50;
const entryBytes = 46;
const localSignature = 0x04034b50;
const localBytes = 30;
const directoryBytesMax = 16 * 1024 * 1024;
const in64 = 0xffffffff;

/**
 * The entries of a zip archive; undefined if the bytes are none. Readers find an archive by its end, so one may follow
 * other bytes. A list that is cut is `isCut`.
 */
export async function readZip(
  source: ByteSource,
): Promise<{ entries: readonly ZipEntry[]; isCut: boolean } | undefined> {
  const end = await findEnd(source);
  if (!end) return undefined;
  const start = end.position - end.directoryBytes;
  // Bytes before the archive shift all its positions.
  const shift = start - end.directoryOffset;
  if (start < 0 || shift < 0) return undefined;
  const read = await source.read(start, start + Math.min(end.directoryBytes, directoryBytesMax));
  const directory = Buffer.from(read);
  const entries: ZipEntry[] = [];
  let at = 0;
  while (at + entryBytes <= directory.length && directory.readUInt32LE(at) === entrySignature) {
    const nameBytes = directory.readUInt16LE(at + 28);
    const extraBytes = directory.readUInt16LE(at + 30);
    const next = at + entryBytes + nameBytes + extraBytes + directory.readUInt16LE(at + 32);
    if (next > directory.length) break;
    entries.push(entryAt(directory, at, { nameBytes, extraBytes, shift }));
    at = next;
  }
  return { entries, isCut: at < end.directoryBytes };
}

function entryAt(
  directory: Buffer,
  at: number,
  { nameBytes, extraBytes, shift }: { nameBytes: number; extraBytes: number; shift: number },
): ZipEntry {
  const extra = directory.subarray(at + entryBytes + nameBytes, at + entryBytes + nameBytes + extraBytes);
  const wide = wideSizes(extra, {
    sizeBytes: directory.readUInt32LE(at + 24),
    compressedBytes: directory.readUInt32LE(at + 20),
    offset: directory.readUInt32LE(at + 42),
  });
  return {
    name: directory.subarray(at + entryBytes, at + entryBytes + nameBytes).toString(),
    isEncrypted: (directory.readUInt16LE(at + 8) & 1) === 1,
    method: directory.readUInt16LE(at + 10),
    compressedBytes: wide.compressedBytes,
    offset: wide.offset + shift,
  };
}

type Sizes = { sizeBytes: number; compressedBytes: number; offset: number };

/** Replaces sizes of 32 bits that are full by those of 64 bits in the extra field. */
function wideSizes(extra: Buffer, narrow: Sizes): Sizes {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    const fields = extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
    let used = 0;
    const widened = (value: number) => {
      if (value !== in64 || used + 8 > fields.length) return value;
      used += 8;
      return Number(fields.readBigUInt64LE(used - 8));
    };
    return {
      sizeBytes: widened(narrow.sizeBytes),
      compressedBytes: widened(narrow.compressedBytes),
      offset: widened(narrow.offset),
    };
  }
  return narrow;
}

type End = { position: number; directoryBytes: number; directoryOffset: number };

async function findEnd(source: ByteSource): Promise<End | undefined> {
  const tailStart = Math.max(0, source.sizeBytes - endBytes - commentBytesMax);
  const tail = Buffer.from(await source.read(tailStart, source.sizeBytes));
  for (let at = tail.length - endBytes; at >= 0; at -= 1) {
    if (tail.readUInt32LE(at) !== endSignature) continue;
    if (tail.readUInt16LE(at + 20) !== tail.length - at - endBytes) continue;
    const end = {
      position: tailStart + at,
      directoryBytes: tail.readUInt32LE(at + 12),
      directoryOffset: tail.readUInt32LE(at + 16),
    };
    return (await findEnd64(source, end.position)) ?? end;
  }
  return undefined;
}

async function findEnd64(source: ByteSource, position: number): Promise<End | undefined> {
  if (position < locatorBytes + end64Bytes) return undefined;
  const locator = Buffer.from(await source.read(position - locatorBytes, position));
  if (locator.readUInt32LE(0) !== locatorSignature) return undefined;
  const at = position - locatorBytes - end64Bytes;
  const end = Buffer.from(await source.read(at, at + end64Bytes));
  if (end.readUInt32LE(0) !== end64Signature) return undefined;
  return {
    position: at,
    directoryBytes: Number(end.readBigUInt64LE(40)),
    directoryOffset: Number(end.readBigUInt64LE(48)),
  };
}

/** The stored bytes of an entry, as they are in the archive; undefined if it has none there. */
export async function openEntry(
  source: ByteSource,
  { offset, compressedBytes }: ZipEntry,
): Promise<ByteSource | undefined> {
  const header = Buffer.from(await source.read(offset, offset + localBytes));
  if (header.length < localBytes || header.readUInt32LE(0) !== localSignature) return undefined;
  const start = offset + localBytes + header.readUInt16LE(26) + header.readUInt16LE(28);
  return start + compressedBytes <= source.sizeBytes ? sliceOf(source, start, compressedBytes) : undefined;
}
