import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { newId } from "../../lib/values/ids.ts";
import { executionTooLarge } from "../errors.ts";

/**
 * Size limits of a user's, an organisation's and all files, in bytes. An organisation may use half of the total that others
 * leave free, and a user half of the organisation's share that other users leave free, so space always remains for the next.
 */
export type ResultLimits = {
  readonly userBytesMax: number;
  readonly orgBytesMax: number;
  readonly totalBytesMax: number;
};

const standardLimits: ResultLimits = {
  userBytesMax: 4 * 1024 ** 3,
  orgBytesMax: 8 * 1024 ** 3,
  totalBytesMax: 16 * 1024 ** 3,
};

/** Interval of checking the sizes, in milliseconds. A disk can write some hundred megabytes in between. */
const checkEveryMs = 50;
/** Time limit for reading a whole file, in milliseconds. */
const readTimeoutMs = 60 * 60_000;
const chunkBytes = 1024 * 1024;

type Owner = { readonly orgId: string; readonly userId: string };

/** Temporary files that hold a result until it is complete. Only then is the first byte sent. */
export type ResultFiles = AsyncDisposable & { create(owner: Owner): Promise<ResultFile> };

/** A temporary file. Disposing deletes it. */
type ResultFile = AsyncDisposable & {
  /** Path to write to. */
  readonly path: string;
  /** Aborts with ResourceExhausted (EXECUTION_LIMIT) when the file exceeds a limit. */
  readonly exceeded: AbortSignal;
  /** Marks the file complete, unlinks it, and starts the time limit of reading. Returns its size in bytes. */
  finish(): Promise<number>;
  /** Reads the complete file. */
  read(): AsyncGenerator<Uint8Array>;
};

type Entry = Owner & { readonly handle: FileHandle; bytes: number; readonly excess: AbortController };

/** Creates files in `directory`, which must be on the same disk as the folders of the engine's processes. */
export function createResultFiles(directory: string, limits: ResultLimits = standardLimits): ResultFiles {
  const entries = new Set<Entry>();
  const growing = new Set<Entry>();
  let timer: NodeJS.Timeout | undefined;

  const sumOf = (counts: (entry: Entry) => boolean): number =>
    [...entries].filter(counts).reduce((sum, { bytes }) => sum + bytes, 0);

  /** Message of the limit that a file exceeds; undefined if none. */
  function excessOf({ orgId, userId, bytes }: Entry): string | undefined {
    const { userBytesMax, orgBytesMax, totalBytesMax } = limits;
    if (bytes > userBytesMax) return `the result takes more than the ${inMebibytes(userBytesMax)} of a file`;
    const ofOrg = (entry: Entry) => entry.orgId === orgId;
    const userBytes = sumOf((entry) => ofOrg(entry) && entry.userId === userId);
    const orgBytes = sumOf(ofOrg);
    if (userBytes > userBytesMax) return unread("this user", inMebibytes(userBytesMax));
    const othersBytes = sumOf(() => true) - orgBytes;
    const shareBytes = (totalBytesMax - othersBytes) / 2;
    if (userBytes <= Math.min(orgBytesMax, shareBytes) - orgBytes) return undefined;
    return orgBytesMax <= shareBytes
      ? unread("this user", leftOf(orgBytesMax, "the organisation"))
      : unread("this organisation", leftOf(totalBytesMax, "all"));
  }

  async function checkSize(entry: Entry): Promise<void> {
    entry.bytes = (await entry.handle.stat()).size;
    const excess = excessOf(entry);
    if (excess !== undefined) entry.excess.abort(executionTooLarge(`${excess}: select less`));
  }

  function grow(entry: Entry): void {
    growing.add(entry);
    timer ??= setInterval(() => {
      // The file may have been closed since.
      for (const one of growing) checkSize(one).catch(() => {});
    }, checkEveryMs).unref();
  }

  function stopGrowing(entry: Entry): void {
    growing.delete(entry);
    if (growing.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  async function end(entry: Entry): Promise<void> {
    stopGrowing(entry);
    if (entries.delete(entry)) await entry.handle.close();
  }

  return {
    async create({ orgId, userId }) {
      const path = join(directory, newId());
      const handle = await open(path, "wx+", 0o600);
      const entry: Entry = { orgId, userId, handle, bytes: 0, excess: new AbortController() };
      entries.add(entry);
      grow(entry);
      let deadline: NodeJS.Timeout | undefined;
      return {
        path,
        exceeded: entry.excess.signal,
        async finish() {
          stopGrowing(entry);
          await checkSize(entry);
          entry.excess.signal.throwIfAborted();
          // An unlinked file is freed even if this process is killed.
          await rm(path, { force: true });
          deadline = setTimeout(() => void end(entry), readTimeoutMs).unref();
          return entry.bytes;
        },
        read: () => readAll(entry),
        async [Symbol.asyncDispose]() {
          clearTimeout(deadline);
          await end(entry);
          await rm(path, { force: true });
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...entries].map(end));
    },
  };
}

async function* readAll({ handle, bytes }: Entry): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < bytes; ) {
    const length = Math.min(chunkBytes, bytes - position);
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, position);
    if (bytesRead === 0) throw new Error("a result's file became shorter");
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

const inMebibytes = (bytes: number): string => `${bytes / 1024 ** 2} MiB`;
const leftOf = (bytesMax: number, whose: string): string =>
  `is left for others of the ${inMebibytes(bytesMax)} of ${whose}`;
const unread = (whose: string, what: string): string =>
  `the results of ${whose} that have not been read to their ends take more than ${what}`;
