import type { Archive, ArchiveEntry } from "./archive-entry.ts";

/** Size of a block: headers are one, and content is filled up to whole ones. */
const blockBytes = 512;
/** Largest number of the 11 octal digits of a header. */
const octalMax = 8 ** 11 - 1;

/** A tar archive as of POSIX.1-2001: names and sizes that do not fit into a header precede it as a pax record. */
export function tarArchive(entries: readonly ArchiveEntry[]): Archive {
  const end = Buffer.alloc(2 * blockBytes);
  return {
    sizeBytes: entries.reduce(
      (total, entry) => total + headerOf(entry).byteLength + entry.sizeBytes + fillBytes(entry.sizeBytes),
      end.byteLength,
    ),
    async *read() {
      for (const entry of entries) {
        yield headerOf(entry);
        yield* entry.read();
        const missing = fillBytes(entry.sizeBytes);
        if (missing > 0) yield Buffer.alloc(missing);
      }
      yield end;
    },
  };
}

const fillBytes = (sizeBytes: number): number => (blockBytes - (sizeBytes % blockBytes)) % blockBytes;

function headerOf({ name, sizeBytes, time }: ArchiveEntry): Buffer {
  const fits = { name: /^[\x20-\x7e]{1,100}$/.test(name), size: sizeBytes <= octalMax };
  const header = block({ name: fits.name ? name : "file", size: fits.size ? sizeBytes : 0, time, type: "0" });
  if (fits.name && fits.size) return header;
  const records = Buffer.from(
    (fits.name ? "" : record("path", name)) + (fits.size ? "" : record("size", String(sizeBytes))),
  );
  return Buffer.concat([
    block({ name: "pax", size: records.byteLength, time, type: "x" }),
    records,
    Buffer.alloc(fillBytes(records.byteLength)),
    header,
  ]);
}

/** A record begins with its own length in bytes, the digits of the length included. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest);
  while (length !== String(length).length + Buffer.byteLength(rest)) {
    length = String(length).length + Buffer.byteLength(rest);
  }
  return `${length}${rest}`;
}

type Fields = { readonly name: string; readonly size: number; readonly time: Date; readonly type: "0" | "x" };

function block({ name, size, time, type }: Fields): Buffer {
  const bytes = Buffer.alloc(blockBytes);
  const seconds = Math.min(Math.max(0, Math.floor(time.getTime() / 1000)), octalMax);
  bytes.write(name, 0, 100, "latin1");
  bytes.write(octal(0o644, 8), 100, "latin1");
  bytes.write(octal(0, 8), 108, "latin1");
  bytes.write(octal(0, 8), 116, "latin1");
  bytes.write(octal(size, 12), 124, "latin1");
  bytes.write(octal(seconds, 12), 136, "latin1");
  // The sum counts itself as spaces.
  bytes.fill(" ", 148, 156);
  bytes.write(type, 156, "latin1");
  bytes.write("ustar\x0000", 257, "latin1");
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${octal(sum, 7)} `, 148, "latin1");
  return bytes;
}

/** A number of a header, as wide as its field, with a zero byte at its end. */
const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, "0")}\0`;
