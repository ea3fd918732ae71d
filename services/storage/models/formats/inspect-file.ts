import { pipeline, Readable, type Transform } from "node:stream";
import { createGunzip, createInflate, createInflateRaw, createZstdDecompress } from "node:zlib";
import type { modelFormats, modelSafeties } from "../model-schema.ts";
import { type ByteCursor, type ByteSource, cursorOf, cursorOfStream } from "./byte-source.ts";
import { isOnnx, isSafetensors } from "./data-formats.ts";
import { openEntry, readZip, type ZipEntry } from "./read-zip.ts";
import { type OpcodeBudget, type PickleScan, scanPickle } from "./scan-pickle.ts";

/** What a file is, and whether loading it can run code. */
export type Inspection = {
  readonly format: (typeof modelFormats)[number];
  readonly safety: (typeof modelSafeties)[number];
  readonly findings: readonly string[];
};

const entriesMax = 2000;
/** Opcodes that are read of all entries of an archive, which may share their bytes. */
const entriesOpcodesMax = 2_000_000;
/** Decompressed bytes that are read of all entries of an archive. */
const entriesInflatedBytesMax = 256 * 1024 * 1024;
/** Decompressed bytes that are read of one file or entry. */
const inflatedBytesMax = 64 * 1024 * 1024;
const findingsMax = 20;
const headBytes = 512;
const readBytes = 256 * 1024;

/** Recognises a file by its bytes. Names are not looked at: loaders do not trust them either. */
export async function inspectFile(source: ByteSource): Promise<Inspection> {
  const head = Buffer.from(await source.read(0, headBytes));
  // The beginning of an archive can be read as a pickle, too, which a loader would refuse at once.
  const isArchive = head.subarray(0, 4).toString("latin1") === "PK\x03\x04";
  const archive = isArchive ? await inspectZip(source) : undefined;
  if (archive) return archive;
  const pickle = (await scanPickle(cursorOf(source))) ?? (await scanArray(source, head));
  if (pickle) return unsafe("pickle", pickleFindings(pickle));
  const zip = isArchive ? undefined : await inspectZip(source);
  if (zip) return zip;
  const compressed = await inspectCompressed(source, head);
  if (compressed) return compressed;
  if (head.subarray(0, 4).toString("latin1") === "GGUF") return safe("gguf");
  if (head.subarray(0, 8).toString("latin1") === "\x89HDF\r\n\x1a\n") return unknown("hdf5");
  if (await isSafetensors(source)) return safe("safetensors");
  if (await isOnnx(source)) return safe("onnx");
  return unknown("other");
}

const safe = (format: Inspection["format"]): Inspection => ({ format, safety: "safe", findings: [] });
const unknown = (format: Inspection["format"], ...findings: string[]): Inspection => ({
  format,
  safety: "unknown",
  findings,
});
const unsafe = (format: Inspection["format"], findings: readonly string[]): Inspection => ({
  format,
  safety: "unsafe",
  findings: findings.slice(0, findingsMax),
});

const pickleFindings = ({ imports }: PickleScan, where = "pickle"): string[] =>
  imports.length === 0 ? [`${where} without imports`] : imports.map((name) => `${where}: ${name}`);

const arraySignature = "\x93NUMPY";

/** Whether the header of an array names the type of Python's objects. */
function describesObjects(header: string): boolean {
  const start = header.indexOf("'descr'");
  return start >= 0 && header.includes("O", start);
}

/** The pickle in an array of NumPy: one of objects has it behind its header. */
async function scanArray(source: ByteSource, head: Buffer): Promise<PickleScan | undefined> {
  if (head.subarray(0, 6).toString("latin1") !== arraySignature) return undefined;
  const isLong = (head[6] ?? 0) > 1;
  const start = isLong ? 12 : 10;
  const length = isLong ? head.readUInt32LE(8) : head.readUInt16LE(8);
  const header = Buffer.from(await source.read(start, start + Math.min(length, readBytes))).toString();
  if (!describesObjects(header)) return undefined;
  const cursor = cursorOf(source);
  return (await cursor.skip(start + length)) ? ((await scanPickle(cursor)) ?? { imports: [] }) : undefined;
}

/** Undefined if it is no zip archive. */
async function inspectZip(source: ByteSource): Promise<Inspection | undefined> {
  const zip = await readZip(source);
  if (!zip) return undefined;
  const scanned = await scanEntries(source, zip.entries.slice(0, entriesMax));
  const { findings, isPytorch, gaps } = scanned;
  if (findings.length > 0) return unsafe(isPytorch ? "pytorch" : "zip", findings);
  const isCut = scanned.isCut || zip.isCut || zip.entries.length > entriesMax;
  return unknown("zip", ...gaps.slice(0, findingsMax), ...(isCut ? ["not examined: later entries"] : []));
}

/** Looks for pickles in the entries, until the budget of all is used up. */
async function scanEntries(source: ByteSource, entries: readonly ZipEntry[]) {
  const findings: string[] = [];
  const gaps: string[] = [];
  const budget: Budget = { opcodes: { left: entriesOpcodesMax }, inflatedBytes: entriesInflatedBytesMax };
  const isUsedUp = () => budget.opcodes.left <= 0 || budget.inflatedBytes <= 0;
  let isPytorch = false;
  let isCut = false;
  for (const entry of entries) {
    if (entry.name.endsWith("/") || entry.compressedBytes === 0) continue;
    isCut = isUsedUp();
    if (isCut) break;
    const stored = await openReadable(source, entry);
    if (!stored) {
      gaps.push(`not examined: ${entry.name.slice(0, 100)}`);
      continue;
    }
    const pickle =
      (await scanEntry(stored, entry, scanPickle, budget)) ??
      (await scanEntry(stored, entry, scanObjects, budget));
    if (!pickle) continue;
    findings.push(...pickleFindings(pickle, `pickle ${entry.name.slice(0, 100)}`));
    isPytorch ||= /(^|\/)data\.pkl$/.test(entry.name);
  }
  return { findings, gaps, isPytorch, isCut };
}

/** Undefined for an entry that can't be read: encrypted, or compressed in an unusual way. */
async function openReadable(source: ByteSource, entry: ZipEntry): Promise<ByteSource | undefined> {
  const isReadable = !entry.isEncrypted && (entry.method === 0 || entry.method === 8);
  return isReadable ? openEntry(source, entry) : undefined;
}

/** What may still be read of the entries of an archive. */
type Budget = { readonly opcodes: OpcodeBudget; inflatedBytes: number };

const scanEntry = (
  stored: ByteSource,
  { method }: ZipEntry,
  scan: Scan,
  budget: Budget,
): Promise<PickleScan | undefined> => {
  const counted = (cursor: ByteCursor) => scan(cursor, budget.opcodes);
  return method === 0
    ? counted(cursorOf(stored))
    : scanInflated(stored, createInflateRaw(), counted, (bytes) => {
        budget.inflatedBytes -= bytes;
      });
};

type Scan = (cursor: ByteCursor, opcodes?: OpcodeBudget) => Promise<PickleScan | undefined>;

/** Whether an entry is an array of objects, which has a pickle. */
async function scanObjects(cursor: ByteCursor, opcodes?: OpcodeBudget): Promise<PickleScan | undefined> {
  const head = await cursor.take(10);
  if (!head || Buffer.from(head.subarray(0, 6)).toString("latin1") !== arraySignature) return undefined;
  const header = await cursor.take(Buffer.from(head).readUInt16LE(8));
  if (!header || !describesObjects(Buffer.from(header).toString())) return undefined;
  return (await scanPickle(cursor, opcodes)) ?? { imports: [] };
}

/** Undefined if it is not compressed. joblib compresses its pickles. */
async function inspectCompressed(source: ByteSource, head: Buffer): Promise<Inspection | undefined> {
  const inflate = decompressorOf(head);
  if (inflate) {
    const pickle = await scanInflated(source, inflate, scanPickle);
    return pickle && unsafe("pickle", pickleFindings(pickle, "compressed pickle"));
  }
  const name = compressionOf(head);
  return name === undefined ? undefined : unknown("other", `not examined: compressed with ${name}`);
}

function decompressorOf(head: Buffer): Transform | undefined {
  if (head.length < 4) return undefined;
  if (head.readUInt16BE(0) === 0x1f8b) return createGunzip();
  if (head[0] === 0x78 && head.readUInt16BE(0) % 31 === 0) return createInflate();
  return head.readUInt32LE(0) === 0xfd2fb528 ? createZstdDecompress() : undefined;
}

function compressionOf(head: Buffer): string | undefined {
  const text = head.subarray(0, 6).toString("latin1");
  if (/^BZh[1-9]/.test(text)) return "bzip2";
  if (text === "\xfd7zXZ\0") return "xz";
  if (text.startsWith("\x04\x22\x4d\x18")) return "lz4";
  return text.startsWith("\x5d\0\0") ? "lzma" : undefined;
}

async function scanInflated(
  source: ByteSource,
  decompressor: Transform,
  scan: Scan,
  inflated: (bytes: number) => void = () => {},
): Promise<PickleScan | undefined> {
  const chunks = async function* () {
    for (let at = 0; at < source.sizeBytes; at += readBytes)
      yield source.read(at, Math.min(at + readBytes, source.sizeBytes));
  };
  // Errors end the stream; the cursor treats that as its end.
  const output = pipeline(Readable.from(chunks(), { objectMode: false }), decompressor, () => {});
  const read = async function* () {
    for await (const chunk of output as AsyncIterable<Buffer>) {
      inflated(chunk.length);
      yield chunk;
    }
  };
  try {
    return await scan(cursorOfStream(read(), inflatedBytesMax));
  } finally {
    output.destroy();
  }
}
