import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { newId } from "../../lib/values/ids.ts";
import { executionTooLarge } from "../errors.ts";

/**
 * What the files of a user, of an organisation and of all may take together, in bytes. One file takes what a user may. Where
 * there are others, each takes no more than it leaves to them: so some room is left for whoever comes next.
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

/** How often it is looked how much was written, in milliseconds: a disk writes some hundred megabytes meanwhile. */
const lookEveryMs = 50;
/** How long a reader has for a whole file, in milliseconds. */
const readTimeoutMs = 60 * 60_000;
const chunkBytes = 1024 * 1024;

type Owner = { readonly orgId: string; readonly userId: string };

/** Files that results are written into before the first byte is answered. */
export type ResultFiles = AsyncDisposable & { create(owner: Owner): Promise<ResultFile> };

/** One of them, until disposed. */
export type ResultFile = AsyncDisposable & {
  /** Where it is written. */
  readonly path: string;
  /** Aborts with ResourceExhausted (EXECUTION_LIMIT) when the file takes more than there is. */
  readonly exceeded: AbortSignal;
  /** Says that the file is whole, and answers its size in bytes. From now on it has no name, and its reader a deadline. */
  finish(): Promise<number>;
  /** Reads the file that is whole. */
  read(): AsyncGenerator<Uint8Array>;
};

type Entry = Owner & { readonly handle: FileHandle; bytes: number; readonly excess: AbortController };

/** Makes files in an own folder, which is on the disk of the folders of the engine's processes. */
export function createResultFiles(directory: string, limits: ResultLimits = standardLimits): ResultFiles {
  const entries = new Set<Entry>();
  const growing = new Set<Entry>();
  let timer: NodeJS.Timeout | undefined;

  const sumOf = (counts: (entry: Entry) => boolean): number =>
    [...entries].filter(counts).reduce((sum, { bytes }) => sum + bytes, 0);

  /** Which limit a file passes, in words. */
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

  async function look(entry: Entry): Promise<void> {
    entry.bytes = (await entry.handle.stat()).size;
    const excess = excessOf(entry);
    if (excess !== undefined) entry.excess.abort(executionTooLarge(`${excess}: select less`));
  }

  function grow(entry: Entry): void {
    growing.add(entry);
    timer ??= setInterval(() => {
      // A file that was given up has no size any more.
      for (const one of growing) look(one).catch(() => {});
    }, lookEveryMs).unref();
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
          await look(entry);
          entry.excess.signal.throwIfAborted();
          // Who stops this process by force leaves nothing behind.
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
