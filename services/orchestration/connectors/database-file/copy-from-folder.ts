import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import type { BlobFolder, StoredBlob } from "../../blobs/blob-folder.ts";
import { executionTooLarge, sourceUnreachable } from "../../errors.ts";
import { openIfThere, openInFolder, type SourceFolders } from "./open-in-folder.ts";

/** Copies of a database and of the files beside it, at one time. They stay until disposed. */
type DatabaseCopy = Disposable & {
  readonly sha256: string;
  readonly path: string;
  /** The copies of files beside it that exist and are not empty, by the ending of their names. */
  readonly beside: ReadonlyMap<string, string>;
};

/** Copies of the databases in allowed folders. */
export type FolderCopies = {
  /**
   * Copies a database, unless the last copy is current. `endings` name the files beside it that belong to it. Others write these
   * files at any time: a copy is one state, because none of them has changed while it was made.
   */
  copy(
    file: { readonly folder: string; readonly path: string },
    endings: readonly string[],
    signal: AbortSignal,
  ): Promise<DatabaseCopy>;
};

/** A file system may note the time of a write this late, in milliseconds. */
const timeStepMs = 50;
const attemptsMax = 20;
const looksMax = 3;
const copiesMax = 1000;
const readBytes = 1024 * 1024;

export function createFolderCopies(folders: SourceFolders, blobs: BlobFolder): FolderCopies {
  const known = new LRUCache<string, { readonly state: string; readonly blob: StoredBlob }>({
    max: copiesMax,
  });

  /** Undefined if it changed meanwhile. */
  async function copyOnce(folder: string, path: string, signal: AbortSignal): Promise<Borrowed | undefined> {
    await using file = await openInFolder(folders, folder, path);
    const state = await settledState(file.handle, signal);
    if (state === undefined) return undefined;
    const key = JSON.stringify([folder, path]);
    const last = known.get(key);
    const isKnown = last?.state === state && (await blobs.take(last.blob)) !== undefined;
    const blob = isKnown ? last.blob : await blobs.storeNew(chunksOf(file.handle, signal), cacheFull);
    using stack = new DisposableStack();
    stack.defer(() => blobs.giveBack(blob.sha256));
    if (stateOf(await file.handle.stat({ bigint: true })) !== state) return undefined;
    known.set(key, { state, blob });
    const owned = stack.move();
    return { state, blob, [Symbol.dispose]: () => owned.dispose() };
  }

  const stateNow = async (folder: string, path: string): Promise<string | undefined> => {
    await using file = await openIfThere(folders, folder, path);
    return file && stateOf(await file.handle.stat({ bigint: true }));
  };

  /** Copies the files of a database one after another. Undefined if one of them changed meanwhile. */
  async function copyAll(
    { folder, path }: { folder: string; path: string },
    endings: readonly string[],
    signal: AbortSignal,
  ): Promise<DatabaseCopy | undefined> {
    using stack = new DisposableStack();
    const states = new Map<string, string | undefined>();
    const beside = new Map<string, string>();
    const main = await copyOnce(folder, path, signal);
    if (!main) return undefined;
    stack.use(main);
    states.set(path, main.state);
    for (const ending of endings) {
      const copy = await copyIfThere(folder, path + ending, signal);
      states.set(path + ending, copy?.state);
      if (copy) stack.use(copy);
      if (copy && copy.blob.sizeBytes > 0n) beside.set(ending, copy.blob.path);
    }
    if (!(await isUnchanged(folder, states))) return undefined;
    const owned = stack.move();
    const { sha256, path: copyPath } = main.blob;
    return { sha256, path: copyPath, beside, [Symbol.dispose]: () => owned.dispose() };
  }

  /** Undefined if it is not there, or changed meanwhile: the state shows which. */
  const copyIfThere = async (folder: string, path: string, signal: AbortSignal) =>
    (await stateNow(folder, path)) === undefined ? undefined : await copyOnce(folder, path, signal);

  async function isUnchanged(
    folder: string,
    states: ReadonlyMap<string, string | undefined>,
  ): Promise<boolean> {
    for (const [path, state] of states) if ((await stateNow(folder, path)) !== state) return false;
    return true;
  }

  return {
    async copy(file, endings, signal) {
      for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
        signal.throwIfAborted();
        const copy = await copyAll(file, endings, signal);
        if (copy) return copy;
        await delay(timeStepMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
      throw sourceUnreachable(
        `the file ${JSON.stringify(file.path)} is being written all the time: try again`,
      );
    },
  };
}

type Borrowed = Disposable & { readonly state: string; readonly blob: StoredBlob };

/**
 * The state of a file whose last write was a while ago: a write that follows soon after another one may leave no trace in
 * the times of the file. Undefined if it is being written.
 */
async function settledState(handle: FileHandle, signal: AbortSignal): Promise<string | undefined> {
  for (let look = 0; look < looksMax; look += 1) {
    const found = await handle.stat({ bigint: true });
    if (Math.abs(Date.now() - Number(found.mtimeMs)) >= timeStepMs) return stateOf(found);
    await delay(timeStepMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
  return undefined;
}

/** Changes with every write. */
const stateOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join(" ");

async function* chunksOf(handle: FileHandle, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let position = 0; ; ) {
    signal.throwIfAborted();
    const { buffer, bytesRead } = await handle.read(
      Buffer.allocUnsafeSlow(readBytes),
      0,
      readBytes,
      position,
    );
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

const cacheFull = () =>
  executionTooLarge("the file does not fit into the server's cache beside those in use");
