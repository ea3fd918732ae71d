import { open as openFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import { type Entry, open, type ZipFile } from "yauzl";
import { EngineFailure } from "../../engine-failure.ts";
import { binaryKindOf } from "../decode/file-kinds.ts";
import { decompressedBytesMax } from "../decode/plain-writer.ts";

/** The parts of a workbook, by their names in the zip. */
export type Package = Disposable & {
  has(name: string): boolean;
  /** Streams a part. Fails as `sourceDataInvalid` if it is missing, or unpacks to more than files of its size do. */
  read(name: string): AsyncGenerator<Buffer>;
};

const partsMax = 10_000;
const deflated = 8;
const beginningBytes = 16;
const openZip = promisify<string, object, ZipFile>(open);

/** Opens the zip that a workbook is. Names in it are never used as paths. */
export async function openPackage(path: string): Promise<Package> {
  await refuseOthers(path);
  const options = { lazyEntries: true, autoClose: false, validateEntrySize: true };
  const zip = await openZip(path, options).catch((error) => {
    throw damaged(error);
  });
  using stack = new DisposableStack();
  stack.defer(() => zip.close());
  if (zip.entryCount > partsMax) throw invalid(`it has more than ${partsMax} parts`);
  const entries = await readEntries(zip);
  const owned = stack.move();
  return {
    has: (name) => entries.has(name.toLowerCase()),
    async *read(name) {
      const entry = entries.get(name.toLowerCase());
      if (!entry) throw invalid(`its part ${JSON.stringify(name)} is missing`);
      checkSize(name, entry);
      try {
        let checksum = 0;
        for await (const block of await openEntry(zip, entry)) {
          checksum = crc32(block as Buffer, checksum);
          yield block as Buffer;
        }
        if (checksum !== entry.crc32)
          throw invalid(`its part ${JSON.stringify(name)} does not fit its checksum`);
      } catch (error) {
        throw error instanceof EngineFailure ? error : damaged(error);
      }
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** Workbooks that are no zip, by what they are. */
async function refuseOthers(path: string): Promise<void> {
  await using file = await openFile(path);
  const { buffer } = await file.read(Buffer.alloc(beginningBytes), 0, beginningBytes, 0);
  const kind = binaryKindOf(buffer);
  if (kind !== undefined) throw new EngineFailure("sourceDataInvalid", `it is ${kind}: save it as .xlsx`);
}

/** The names of parts are compared without case. */
function readEntries(zip: ZipFile): Promise<Map<string, Entry>> {
  const { promise, resolve, reject } = Promise.withResolvers<Map<string, Entry>>();
  const entries = new Map<string, Entry>();
  zip.on("error", (error) => reject(damaged(error)));
  zip.on("end", () => resolve(entries));
  zip.on("entry", (entry: Entry) => {
    const name = entry.fileName.toLowerCase();
    if (entries.has(name))
      return reject(invalid(`its part ${JSON.stringify(entry.fileName)} is there twice`));
    entries.set(name, entry);
    zip.readEntry();
  });
  zip.readEntry();
  return promise;
}

/** yauzl fails if a part unpacks to another size than it says. */
function checkSize(name: string, { compressedSize, uncompressedSize, compressionMethod }: Entry): void {
  if (compressionMethod !== 0 && compressionMethod !== deflated) {
    throw invalid(`its part ${JSON.stringify(name)} is compressed by method ${compressionMethod}`);
  }
  if (uncompressedSize <= decompressedBytesMax(compressedSize)) return;
  throw invalid(
    `its part ${JSON.stringify(name)} unpacks from ${compressedSize} to ${uncompressedSize} bytes, as files do that are made to fill disks`,
  );
}

function openEntry(zip: ZipFile, entry: Entry): Promise<Readable> {
  const { promise, resolve, reject } = Promise.withResolvers<Readable>();
  zip.openReadStream(entry, (error, stream) => (error ? reject(error) : resolve(stream)));
  return promise;
}

const detailCharactersMax = 200;

const invalid = (message: string) =>
  new EngineFailure("sourceDataInvalid", `the workbook can't be read: ${message}`);
const damaged = (error: unknown) =>
  invalid(`its zip is damaged: ${(error as Error).message.slice(0, detailCharactersMax)}`);
