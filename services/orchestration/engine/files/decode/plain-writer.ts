import { open } from "node:fs/promises";
import { EngineFailure } from "../../engine-failure.ts";

/** RLIMIT_FSIZE of engine processes: they can't write longer files. */
const plainBytesMax = 5 * 1024 ** 3;
const blockBytes = 1024 * 1024;

/** Largest expansion of a compressed file, beyond a free allowance. */
const expansionMax = 100;
const expansionBytesFree = 256 * 1024 ** 2;

/** Decompression limit, in bytes: tables rarely compress below 5%. */
export const decompressedBytesMax = (compressedBytes: number): number =>
  Math.min(plainBytesMax, expansionBytesFree + expansionMax * compressedBytes);

/** Writes a file in the work folder. One block is written while the next one is produced. */
export async function openPlainWriter(path: string, sizeBytesMax = plainBytesMax) {
  const file = await open(path, "w");
  const pending: Buffer[] = [];
  let pendingBytes = 0;
  let sizeBytes = 0;
  let writing: Promise<unknown> = Promise.resolve();
  const flush = async () => {
    if (pendingBytes === 0) return;
    const block = Buffer.concat(pending.splice(0), pendingBytes);
    pendingBytes = 0;
    await writing;
    writing = file.appendFile(block).catch(refuseFullDisk);
    // The rejection is handled before the next block.
    writing.catch(() => {});
  };
  return {
    get sizeBytes() {
      return sizeBytes;
    },
    /** The buffer must not change afterwards. */
    async write(block: Buffer) {
      sizeBytes += block.length;
      if (sizeBytes > sizeBytesMax) {
        throw tooLong(sizeBytesMax);
      }
      pending.push(block);
      pendingBytes += block.length;
      if (pendingBytes >= blockBytes) await flush();
    },
    async flush() {
      await flush();
      await writing;
    },
    [Symbol.asyncDispose]: async () => {
      await writing.catch(() => {});
      await file.close();
    },
  };
}

function tooLong(sizeBytesMax: number): EngineFailure {
  if (sizeBytesMax === plainBytesMax) {
    const message = `unpacked and as UTF-8 it has more than the ${plainBytesMax / 1024 ** 3} GiB that one file may have`;
    return new EngineFailure("tooLarge", message);
  }
  return new EngineFailure(
    "sourceDataInvalid",
    `unpacked it has more than ${expansionMax} times its size, as files have that are made to fill disks: upload it unpacked`,
  );
}

function refuseFullDisk(error: NodeJS.ErrnoException): never {
  if (error.code === "ENOSPC" || error.code === "EDQUOT") {
    throw new EngineFailure("diskFull", "the disk has no room for the unpacked file");
  }
  throw error;
}
