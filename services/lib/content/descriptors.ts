import { constants, type FileHandle, open } from "node:fs/promises";
import { LRUCache } from "lru-cache";

/** Maximum number of idle open files. */
const openMax = 256;
/** Idle timeout in milliseconds. The space of a removed file is freed when its last descriptor is closed. */
const idleMs = 10_000;

export type Lease = AsyncDisposable & { readonly handle: FileHandle };

/** Cache of open files: opening one costs more than reading a small range of it. */
export type Descriptors = AsyncDisposable & {
  /** Opens the file for reading. It stays open until the lease is disposed. */
  lease(path: string): Promise<Lease>;
  /** Makes the next lease open the file again. */
  forget(path: string): void;
};

type Descriptor = {
  readonly opening: Promise<FileHandle>;
  users: number;
  kept: boolean;
  /** Leased since the last sweep. */
  isFresh: boolean;
};

/** `openFile` opens files; tests give one that fails. */
export function createDescriptors(openFile: typeof open = open): Descriptors {
  const closings = new Set<Promise<void>>();
  const close = (descriptor: Descriptor) => {
    if (descriptor.users > 0 || descriptor.kept) return;
    const closing = descriptor.opening.then(
      (handle) => handle.close(),
      () => {},
    );
    closings.add(closing);
    closing.finally(() => closings.delete(closing));
  };
  const kept = new LRUCache<string, Descriptor>({
    max: openMax,
    dispose(descriptor) {
      descriptor.kept = false;
      close(descriptor);
    },
  });
  // Runs only while files are open: an idle process has no timer.
  let sweep: NodeJS.Timeout | undefined;
  const closeIdle = () => {
    for (const [path, descriptor] of [...kept.entries()]) {
      if (!descriptor.isFresh) kept.delete(path);
      descriptor.isFresh = false;
    }
    if (kept.size === 0) stopSweep();
  };
  const stopSweep = () => {
    clearInterval(sweep);
    sweep = undefined;
  };
  const keep = (path: string): Descriptor => {
    const opening = openFile(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    const descriptor = { opening, users: 0, kept: true, isFresh: true };
    kept.set(path, descriptor);
    sweep ??= setInterval(closeIdle, idleMs).unref();
    opening.catch(() => kept.peek(path) === descriptor && kept.delete(path));
    return descriptor;
  };
  return {
    async lease(path) {
      const descriptor = kept.get(path) ?? keep(path);
      // Counted before the first await, so that no eviction closes it.
      descriptor.users += 1;
      descriptor.isFresh = true;
      const release = () => {
        descriptor.users -= 1;
        close(descriptor);
      };
      try {
        return leaseOf(await descriptor.opening, release);
      } catch (error) {
        release();
        throw error;
      }
    },
    forget: (path) => void kept.delete(path),
    async [Symbol.asyncDispose]() {
      stopSweep();
      kept.clear();
      await Promise.all(closings);
    },
  };
}

function leaseOf(handle: FileHandle, release: () => void): Lease {
  let released = false;
  return {
    handle,
    async [Symbol.asyncDispose]() {
      if (!released) release();
      released = true;
    },
  };
}
