import { createHash } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import type { Content } from "./object-store.ts";
import { orDiskFull } from "./file-system.ts";

/** Small pieces are gathered to writes of this size: awaited one by one they would cost most of the time. */
const writeBytes = 1024 * 1024;
/** Smaller pieces are copied into blocks: what holds them weighs more than they do. */
const copiedBytesMax = 16 * 1024;
const blockBytes = 64 * 1024;
/** So much is written before the disk is asked to take it, while more arrives: else all of it would wait at the end. */
const syncBytes = 32 * 1024 * 1024;

/** A file that is being written. Disposing it removes it; that it has been moved away does not matter. */
export type TemporaryFile = AsyncDisposable & {
  readonly path: string;
  /** Takes a piece, which must not change any more: it is not copied. */
  write(piece: Uint8Array): Promise<void>;
  finish(): Promise<Content>;
};

/** Creates a file that must not be there yet. It holds two writes in memory at most: one fills while one is written. */
export async function createTemporaryFile(path: string): Promise<TemporaryFile> {
  const handle = await orDiskFull(open(path, "wx", 0o600));
  const hash = createHash("sha256");
  const syncing = createSyncing(handle);
  const filling = createFilling();
  let filledBytes = 0;
  let flushedBytes = 0;
  let writing: Promise<void> = Promise.resolve();

  const flush = async () => {
    await writing;
    syncing.wrote(flushedBytes);
    writing = orDiskFull(writeFully(handle, filling.take(), flushedBytes));
    // Whoever waits for it next gets the failure.
    writing.catch(() => {});
    flushedBytes += filledBytes;
    filledBytes = 0;
  };

  return {
    path,
    async write(piece) {
      hash.update(piece);
      filling.add(piece);
      filledBytes += piece.length;
      if (filledBytes >= writeBytes) await flush();
    },
    async finish() {
      if (filledBytes > 0) await flush();
      await writing;
      await syncing.ended();
      await orDiskFull(handle.datasync());
      return { sha256: hash.digest("hex"), sizeBytes: flushedBytes };
    },
    async [Symbol.asyncDispose]() {
      await writing.catch(() => {});
      await syncing.ended().catch(() => {});
      await handle.close();
      await rm(path, { force: true });
    },
  };
}

/** Pieces of the next write, in order. */
function createFilling() {
  let pieces: Uint8Array[] = [];
  let block: Buffer | undefined;
  let usedBytes = 0;
  return {
    add(piece: Uint8Array) {
      if (piece.length > copiedBytesMax) {
        block = undefined;
        pieces.push(piece);
        return;
      }
      const isContinued = block !== undefined && usedBytes + piece.length <= blockBytes;
      if (!block || !isContinued) {
        block = Buffer.allocUnsafeSlow(blockBytes);
        usedBytes = 0;
      }
      block.set(piece, usedBytes);
      usedBytes += piece.length;
      pieces.splice(isContinued ? -1 : pieces.length, 1, block.subarray(0, usedBytes));
    },
    take(): readonly Uint8Array[] {
      const taken = pieces;
      pieces = [];
      block = undefined;
      return taken;
    },
  };
}

/** Syncs what was written beside what is being written. A failure fails the end, since the disk tells of it only once. */
function createSyncing(handle: FileHandle) {
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
    async ended() {
      await running;
      if (failure) throw failure.error;
    },
  };
}

async function writeFully(
  handle: FileHandle,
  pieces: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let rest = [...pieces];
  for (let at = position; rest.length > 0; ) {
    const { bytesWritten } = await handle.writev(rest, at);
    at += bytesWritten;
    rest = withoutFirst(rest, bytesWritten);
  }
}

/** What is left of pieces whose first bytes are written. */
function withoutFirst(pieces: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let goneBytes = bytes;
  return pieces.flatMap((piece) => {
    const cut = Math.min(goneBytes, piece.length);
    goneBytes -= cut;
    return cut < piece.length ? [piece.subarray(cut)] : [];
  });
}
