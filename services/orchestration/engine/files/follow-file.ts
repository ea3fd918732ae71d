import { type FileHandle, open } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { writeFully } from "../pipes/write-fully.ts";

const chunkBytes = 1024 * 1024;
/** Polling interval, in milliseconds. */
const pollIntervalMs = 20;

/**
 * Copies a growing file to `to`, which may be a named pipe, until `written` resolves and everything is copied. Rejects when
 * `written` rejects.
 */
export async function followFile(path: string, to: string, written: Promise<unknown>): Promise<void> {
  let isWritten = false;
  const ended = written.then(() => {
    isWritten = true;
  });
  // `written` may reject during a read or write.
  ended.catch(() => {});
  const waitForMore = () => Promise.race([ended, setTimeout(pollIntervalMs)]);
  // One buffer for all chunks: buffers that wait for the garbage collector count against the memory limit of the process.
  const buffer = Buffer.allocUnsafeSlow(chunkBytes);
  await using output = await open(to, "w");
  await using opened = new AsyncDisposableStack();
  let file: FileHandle | undefined;
  for (let position = 0; ; ) {
    // Read once more after the end, for bytes that arrived in between.
    const isLast = isWritten;
    file ??= await openIfThere(path, opened);
    const { bytesRead = 0 } = (await file?.read(buffer, 0, chunkBytes, position)) ?? {};
    position += bytesRead;
    if (bytesRead > 0) await writeFully(output, buffer.subarray(0, bytesRead));
    else if (isLast) return;
    else await waitForMore();
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
