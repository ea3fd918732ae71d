import { type FileHandle, open } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { writeFully } from "../pipes/write-fully.ts";

const pieceBytes = 1024 * 1024;
/** How often it is looked whether there is more, in milliseconds. */
const lookEveryMs = 20;

/**
 * Copies a file to `to`, which may be a named pipe, while something else appends to it, until `written` resolves and all of
 * it is copied. Rejects as `written` does.
 */
export async function followFile(path: string, to: string, written: Promise<unknown>): Promise<void> {
  let isWritten = false;
  const ended = written.then(() => {
    isWritten = true;
  });
  // It may fail while a piece is on its way.
  ended.catch(() => {});
  const moreOrEnd = () => Promise.race([ended, setTimeout(lookEveryMs)]);
  // One buffer for all pieces: what is collected later than it is used would count against the process.
  const buffer = Buffer.allocUnsafeSlow(pieceBytes);
  await using output = await open(to, "w");
  await using opened = new AsyncDisposableStack();
  let file: FileHandle | undefined;
  for (let position = 0; ; ) {
    // What comes between a look and the end is seen by another look.
    const isLast = isWritten;
    file ??= await openIfThere(path, opened);
    const { bytesRead = 0 } = (await file?.read(buffer, 0, pieceBytes, position)) ?? {};
    position += bytesRead;
    if (bytesRead > 0) await writeFully(output, buffer.subarray(0, bytesRead));
    else if (isLast) return;
    else await moreOrEnd();
  }
}

async function openIfThere(path: string, opened: AsyncDisposableStack): Promise<FileHandle | undefined> {
  try {
    return opened.use(await open(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
