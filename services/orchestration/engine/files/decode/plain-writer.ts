import { open } from "node:fs/promises";
import { EngineFailure } from "../../engine-failure.ts";

/** RLIMIT_FSIZE of an engine's process: no file of its own gets longer. */
const plainBytesMax = 5 * 1024 ** 3;
const blockBytes = 1024 * 1024;

/** How many times its size a packed file may unpack to, beyond what anybody may have. */
const growthMax = 100;
const growthBytesFree = 256 * 1024 ** 2;

/** What a packed file may unpack to, in bytes: tables rarely shrink to less than a twentieth. */
export const unpackedBytesMax = (packedBytes: number): number =>
  Math.min(plainBytesMax, growthBytesFree + growthMax * packedBytes);

/** Writes a file of the process's own. A block is written while the next one is made. */
export async function openPlainWriter(path: string, sizeBytesMax = plainBytesMax) {
  const file = await open(path, "w");
  const held: Buffer[] = [];
  let heldBytes = 0;
  let sizeBytes = 0;
  let writing: Promise<unknown> = Promise.resolve();
  const flush = async () => {
    if (heldBytes === 0) return;
    const block = Buffer.concat(held.splice(0), heldBytes);
    heldBytes = 0;
    await writing;
    writing = file.appendFile(block).catch(refuseFullDisk);
    // It is looked at before the next one; until then it is nobody's.
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
      held.push(block);
      heldBytes += block.length;
      if (heldBytes >= blockBytes) await flush();
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
    `unpacked it has more than ${growthMax} times its size, as files have that are made to fill disks: upload it unpacked`,
  );
}

function refuseFullDisk(error: NodeJS.ErrnoException): never {
  if (error.code === "ENOSPC" || error.code === "EDQUOT") {
    throw new EngineFailure("diskFull", "the disk has no room for the unpacked file");
  }
  throw error;
}
