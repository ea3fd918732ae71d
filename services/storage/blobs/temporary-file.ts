import { createHash } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import type { Content } from "./blob-store.ts";
import { orDiskFull } from "./file-system.ts";

/** Small pieces are gathered to writes of this size: awaited one by one they would cost most of the time. */
const writeBytes = 1024 * 1024;

/** A file that is being written. Disposing it removes it; that it has been moved away does not matter. */
export type TemporaryFile = AsyncDisposable & {
  readonly path: string;
  write(piece: Uint8Array): Promise<void>;
  finish(): Promise<Content>;
};

/** Creates a file that must not be there yet. It holds two writes in memory at most: one fills while one is written. */
export async function createTemporaryFile(path: string): Promise<TemporaryFile> {
  const handle = await orDiskFull(open(path, "wx", 0o600));
  const hash = createHash("sha256");
  let filling: Buffer = Buffer.allocUnsafeSlow(writeBytes);
  let other: Buffer | undefined;
  let filledBytes = 0;
  let flushedBytes = 0;
  let writing: Promise<void> = Promise.resolve();

  const flush = async () => {
    await writing;
    writing = orDiskFull(writeFully(handle, filling.subarray(0, filledBytes), flushedBytes));
    // Whoever waits for it next gets the failure.
    writing.catch(() => {});
    flushedBytes += filledBytes;
    filledBytes = 0;
    [filling, other] = [other ?? Buffer.allocUnsafeSlow(writeBytes), filling];
  };

  return {
    path,
    async write(piece) {
      hash.update(piece);
      for (let taken = 0; taken < piece.length; ) {
        const part = piece.subarray(taken, taken + writeBytes - filledBytes);
        filling.set(part, filledBytes);
        filledBytes += part.length;
        taken += part.length;
        if (filledBytes === writeBytes) await flush();
      }
    },
    async finish() {
      if (filledBytes > 0) await flush();
      await writing;
      await orDiskFull(handle.datasync());
      return { sha256: hash.digest("hex"), sizeBytes: flushedBytes };
    },
    async [Symbol.asyncDispose]() {
      await writing.catch(() => {});
      await handle.close();
      await rm(path, { force: true });
    },
  };
}

async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const rest = bytes.length - written;
    const { bytesWritten } = await handle.write(bytes, written, rest, position + written);
    written += bytesWritten;
  }
}
