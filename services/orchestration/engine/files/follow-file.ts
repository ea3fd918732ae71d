import { type FileHandle, open } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";

const pieceBytes = 1024 * 1024;
/** How often it is looked whether there is more, in milliseconds. */
const lookEveryMs = 20;

/** Answers the bytes of a file while something else appends to it, until `written` resolves and all of them are read. */
export async function* followFile(path: string, written: Promise<unknown>): AsyncGenerator<Buffer, void> {
  let isWritten = false;
  const ended = written.then(() => {
    isWritten = true;
  });
  // Who waits for it meanwhile hears of it.
  ended.catch(() => {});
  const wait = () => Promise.race([ended, setTimeout(lookEveryMs, undefined, { ref: false })]);
  let file: FileHandle | undefined;
  let buffer = Buffer.allocUnsafeSlow(pieceBytes);
  try {
    for (let position = 0; ; ) {
      // What comes between a look and the end is seen by another look.
      const isLast = isWritten;
      file ??= await openIfThere(path);
      const { bytesRead = 0 } = (await file?.read(buffer, 0, pieceBytes, position)) ?? {};
      if (bytesRead > 0) {
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
        buffer = Buffer.allocUnsafeSlow(pieceBytes);
      } else if (isLast) return;
      else await wait();
    }
  } finally {
    await file?.close();
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
