import { PassThrough, Readable } from "node:stream";
import { ZipFile } from "yazl";
import type { Archive, ArchiveEntry } from "./archive-entry.ts";

/** A zip archive without compression, so that its size is known before its content is read. */
export function zipArchive(entries: readonly ArchiveEntry[]): Archive {
  let sizeBytes = 0;
  createZip(entries, {
    open() {},
    // The types leave the size out.
    onSize: ((size: number) => {
      sizeBytes = size;
    }) as () => void,
  });
  return { sizeBytes, read: () => readZip(entries) };
}

async function* readZip(entries: readonly ArchiveEntry[]): AsyncGenerator<Uint8Array, void> {
  const output = new PassThrough();
  const fail = (error: Error) => void output.destroy(error);
  // The entry that is open: zip does not close it when its reader goes.
  let opened: Readable | undefined;
  const zip = createZip(entries, {
    open(entry, ready) {
      // Chunks are large, so that one at a time is enough.
      opened = Readable.from(entry.read(), { objectMode: false, highWaterMark: 1 });
      ready(null, opened.on("error", fail));
    },
  });
  zip.on("error", fail);
  zip.outputStream.pipe(output);
  try {
    yield* output;
  } finally {
    output.destroy();
    opened?.destroy();
  }
}

type Reading = {
  /** Called for one entry after the other. */
  open(entry: ArchiveEntry, ready: (error: null, content: Readable) => void): void;
  readonly onSize?: () => void;
};

function createZip(entries: readonly ArchiveEntry[], { open, onSize }: Reading): ZipFile {
  const zip = new ZipFile();
  for (const entry of entries) {
    const options = { mtime: entry.time, mode: 0o100644, compress: false, size: entry.sizeBytes };
    zip.addReadStreamLazy(entry.name, options, (ready) => open(entry, ready));
  }
  zip.end({ forceZip64Format: isDirectoryLarge(entries), comment: "" }, onSize);
  return zip;
}

/** The computed size counts ZIP64's end for a directory above 64 KiB, which is written above 4 GiB only unless forced. */
const isDirectoryLarge = (entries: readonly ArchiveEntry[]): boolean =>
  entries.reduce((total, { name }) => total + 100 + Buffer.byteLength(name), 0) > 0xffff;
