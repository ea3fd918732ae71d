import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { Content } from "../object-store.ts";
import type { DiskFiles } from "./disk-files.ts";
import { orDiskFull } from "./file-system.ts";

/** Chunks are batched into writes of this size: one await per chunk would dominate the cost. */
const writeBytes = 1024 * 1024;
/** Chunks up to this size are copied into blocks: the objects that hold them are larger than they are. */
const copiedBytesMax = 16 * 1024;
const blockBytes = 64 * 1024;
/** Bytes between two background syncs. Without these, the final sync would wait for the whole file. */
const syncBytes = 32 * 1024 * 1024;

/** A file that is being written. Disposing it deletes it, unless it was moved away. */
export type TemporaryFile = AsyncDisposable & {
  readonly path: string;
  /** Takes ownership of the chunk, which is not copied and must not change. */
  write(chunk: Uint8Array): Promise<void>;
  /** Makes the bytes durable. Of encrypted ones, `sha256` is the hash of what they are. */
  finish(sha256?: string): Promise<Content>;
};

type Options = { readonly files: DiskFiles; readonly isSealed: boolean };

/** Creates a new file. At most two writes are in memory: one is filled while the other is written. */
export async function createTemporaryFile(
  path: string,
  { files, isSealed }: Options,
): Promise<TemporaryFile> {
  const handle = await orDiskFull(files.open(path, "wx", 0o600));
  const hash = createHash("sha256");
  const sync = createBackgroundSync(handle);
  const buffer = createWriteBuffer();
  let bufferedBytes = 0;
  let flushedBytes = 0;
  let writing: Promise<void> = Promise.resolve();

  const flush = async () => {
    await writing;
    sync.wrote(flushedBytes);
    writing = orDiskFull(writeFully(handle, buffer.drain(), flushedBytes));
    // The next await reports the failure.
    writing.catch(() => {});
    flushedBytes += bufferedBytes;
    bufferedBytes = 0;
  };

  return {
    path,
    async write(chunk) {
      if (!isSealed) hash.update(chunk);
      buffer.add(chunk);
      bufferedBytes += chunk.length;
      if (bufferedBytes >= writeBytes) await flush();
    },
    async finish(sha256) {
      if (bufferedBytes > 0) await flush();
      await writing;
      await sync.end();
      await orDiskFull(handle.datasync());
      return { sha256: sha256 ?? hash.digest("hex"), sizeBytes: flushedBytes };
    },
    async [Symbol.asyncDispose]() {
      await writing.catch(() => {});
      await sync.end().catch(() => {});
      await handle.close();
      // What is left is found by `listUploads`. An error here would hide the one that ended the upload.
      await files.rm(path, { force: true }).catch(() => {});
    },
  };
}

/** Chunks of the next write, in order. */
function createWriteBuffer() {
  let chunks: Uint8Array[] = [];
  let block: Buffer | undefined;
  let usedBytes = 0;
  return {
    add(chunk: Uint8Array) {
      if (chunk.length > copiedBytesMax) {
        block = undefined;
        chunks.push(chunk);
        return;
      }
      const isContinued = block !== undefined && usedBytes + chunk.length <= blockBytes;
      if (!block || !isContinued) {
        block = Buffer.allocUnsafeSlow(blockBytes);
        usedBytes = 0;
      }
      block.set(chunk, usedBytes);
      usedBytes += chunk.length;
      chunks.splice(isContinued ? -1 : chunks.length, 1, block.subarray(0, usedBytes));
    },
    drain(): readonly Uint8Array[] {
      const drained = chunks;
      chunks = [];
      block = undefined;
      return drained;
    },
  };
}

/** Syncs in the background while writing goes on. A failure is kept for the end: the disk reports it only once. */
function createBackgroundSync(handle: FileHandle) {
  let syncedBytes = 0;
  let running: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;
  return {
    wrote(bytes: number) {
      if (running || bytes - syncedBytes < syncBytes) return;
      syncedBytes = bytes;
      running = orDiskFull(handle.datasync())
        .catch((error) => {
          failure ??= { error };
        })
        .finally(() => {
          running = undefined;
        });
    },
    async end() {
      await running;
      if (failure) throw failure.error;
    },
  };
}

async function writeFully(
  handle: FileHandle,
  chunks: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let rest = [...chunks];
  for (let at = position; rest.length > 0; ) {
    const { bytesWritten } = await handle.writev(rest, at);
    at += bytesWritten;
    rest = withoutFirst(rest, bytesWritten);
  }
}

/** The chunks without their first `bytes`. */
function withoutFirst(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skippedBytes = bytes;
  return chunks.flatMap((chunk) => {
    const cut = Math.min(skippedBytes, chunk.length);
    skippedBytes -= cut;
    return cut < chunk.length ? [chunk.subarray(cut)] : [];
  });
}
