import { open } from "node:fs/promises";
import { LRUCache } from "lru-cache";
import { currentCall, withinCall } from "../../lib/rpc/call.ts";
import type { BorrowedBlob } from "../blobs/blob-cache.ts";
import type { BlobFolder, StoredBlob } from "../blobs/blob-folder.ts";
import type { Quarantine } from "../crashes/quarantine.ts";
import type { Engine } from "../engine/engine.ts";
import { EngineFailure } from "../engine/engine-failure.ts";
import { type ParquetFooter, readFooter } from "../engine/parquet/footer.ts";
import type { Preparation } from "../engine/preparation.ts";
import type { Reading } from "../engine/protocol.ts";
import type { ReadingSettings } from "../engine/reading-settings.ts";
import { streamOutput } from "../engine/stream-output.ts";
import { preparedFilesFull } from "../errors.ts";
import type { Limit } from "../timing/limit.ts";
import { cacheKeyOf, extensionsOf } from "./cache-key.ts";
import type { PreparedIndex, PreparedRecord } from "./prepared-index.ts";
import { countPreparedFile } from "./prepared-metrics.ts";
import { createSharedWork } from "./shared-work.ts";

/** A file as Parquet: its converted copy, or the file itself. The bytes stay until it is disposed. */
export type PreparedFile = {
  readonly preparation: Preparation;
  /** Absolute path of the Parquet file. */
  readonly path: string;
  readonly reading: Reading;
  /** Whether the bytes still have the hash of the preparation. */
  isWhole(): Promise<boolean>;
};

export type PreparedFiles = {
  /**
   * Returns a file of the current call's organisation, preparing it unless it is cached. Concurrent requests for the same file
   * share one preparation. Fails with EngineFailure; ResourceExhausted (DISK_FULL).
   */
  borrow(blob: BorrowedBlob, settings: ReadingSettings, limit: Limit): Promise<PreparedFile & Disposable>;
};

export type PreparedFilesOptions = {
  readonly engine: Engine;
  readonly quarantine: Quarantine;
  readonly folder: BlobFolder;
  /** Capacity of the folder, for the message that it is full. */
  readonly bytesMax: number;
  readonly index: PreparedIndex;
  /** Changes whenever the way of reading files changes. */
  readonly readingVersion: string;
};

/** Cache of failures: time to live in milliseconds, and size. */
const failureMs = 60_000;
const failuresMax = 1000;

export function createPreparedFiles(options: PreparedFilesOptions): PreparedFiles {
  const { index, folder, readingVersion } = options;
  const shared = createSharedWork<PreparedFile>();
  // The key contains everything that determines how a file is read, so a failure repeats.
  const failures = new LRUCache<string, EngineFailure>({ max: failuresMax, ttl: failureMs });

  async function find(key: string, blob: BorrowedBlob): Promise<(PreparedFile & Disposable) | undefined> {
    const record = await index.find(key);
    if (!record) return undefined;
    if (!record.bytes) return inPlace(record.preparation, blob);
    const { sha256, sizeBytes } = record.bytes;
    const path = await folder.take({ sha256, sizeBytes: BigInt(sizeBytes) });
    return path === undefined ? undefined : lent(folder, record.preparation, { sha256, path });
  }

  async function prepare(
    key: string,
    blob: BorrowedBlob,
    settings: ReadingSettings,
    limit: Limit,
  ): Promise<PreparedFile & Disposable> {
    const failure = failures.get(key);
    if (failure) throw failure;
    try {
      const { preparation, stored } = await write(options, blob, settings, limit);
      try {
        await index.insert(key, recordOf(preparation, stored));
      } catch (error) {
        if (stored) folder.giveBack(stored.sha256);
        throw error;
      }
      countPreparedFile("prepared");
      return stored ? lent(folder, preparation, stored) : inPlace(preparation, blob);
    } catch (error) {
      countPreparedFile("failed");
      if (error instanceof EngineFailure && error.kind === "sourceDataInvalid") failures.set(key, error);
      throw error;
    }
  }

  return {
    async borrow(blob, settings, limit) {
      const call = currentCall();
      const orgId = call?.principal?.orgId;
      if (!call || orgId === undefined) throw new Error("a file is prepared outside of a call");
      const key = cacheKeyOf({ orgId, blob, settings, readingVersion });
      const joined = await shared.join(key, limit.signal, (signal) =>
        // The work may outlive the call that started it, because other calls wait for it.
        withinCall({ ...call, signal, deadlineMs: undefined }, async () => {
          const found = await find(key, blob);
          if (found) countPreparedFile("found");
          return found ?? (await prepare(key, blob, settings, { ...limit, signal }));
        }),
      );
      const { preparation, path, reading, isWhole } = joined.value;
      return { preparation, path, reading, isWhole, [Symbol.dispose]: () => joined[Symbol.dispose]() };
    },
  };
}

const recordOf = (preparation: Preparation, stored: StoredBlob | undefined): PreparedRecord => ({
  preparation,
  bytes: stored && { sha256: stored.sha256, sizeBytes: Number(stored.sizeBytes) },
});

/** The file itself is Parquet. The borrower of the blob keeps it in place. */
const inPlace = (preparation: Preparation, { path }: BorrowedBlob): PreparedFile & Disposable => ({
  preparation,
  path,
  reading: { format: "parquet", columns: preparation.columns },
  isWhole: async () => true,
  [Symbol.dispose]() {},
});

const lent = (
  folder: BlobFolder,
  preparation: Preparation,
  { sha256, path }: Pick<StoredBlob, "sha256" | "path">,
): PreparedFile & Disposable => ({
  preparation,
  path,
  reading: { format: "parquet" },
  isWhole: () => folder.isWhole(sha256),
  [Symbol.dispose]: () => folder.giveBack(sha256),
});

type Written = { readonly preparation: Preparation; readonly stored: StoredBlob | undefined };

/** Converts the file in an engine and stores the output. If a guessed type proves wrong, it converts again without guesses. */
async function write(
  options: PreparedFilesOptions,
  blob: BorrowedBlob,
  settings: ReadingSettings,
  limit: Limit,
): Promise<Written> {
  try {
    return await writeOnce(options, { blob, settings, isGuessing: true }, limit);
  } catch (error) {
    if (!(error instanceof EngineFailure && error.kind === "wrongGuess")) throw error;
    return writeOnce(options, { blob, settings, isGuessing: false }, limit);
  }
}

type PreparationTask = {
  readonly blob: BorrowedBlob;
  readonly settings: ReadingSettings;
  readonly isGuessing: boolean;
};

async function writeOnce(
  { engine, quarantine, folder, bytesMax }: PreparedFilesOptions,
  task: PreparationTask,
  limit: Limit,
): Promise<Written> {
  let preparation: Preparation | undefined;
  async function* bytesOf() {
    preparation = yield* quarantine.watchStream({ file: task.blob }, () =>
      preparationOf(engine, task, limit),
    );
  }
  const bytes = bytesOf();
  const first = await bytes.next();
  if (first.done) {
    if (!preparation || preparation.written) throw mismatch("nothing was written");
    return { preparation, stored: undefined };
  }
  const all = async function* () {
    yield first.value;
    yield* bytes;
  };
  const stored = await folder.storeNew(all(), () => preparedFilesFull(bytesMax));
  try {
    if (!preparation?.written) throw mismatch("something was written");
    await checkFoot(stored, preparation);
    return { preparation, stored };
  } catch (error) {
    folder.giveBack(stored.sha256);
    throw error;
  }
}

async function* preparationOf(
  engine: Engine,
  { blob: { path, name }, settings, isGuessing }: PreparationTask,
  limit: Limit,
): AsyncGenerator<Uint8Array, Preparation> {
  const taskOf = ({ outputPath }: { outputPath: string }) => ({
    kind: "prepareFile" as const,
    path,
    // The preparation must not depend on the name, which is not part of the cache's key.
    fileName: `file${extensionsOf(name)}`,
    settings,
    isGuessing,
    outputPath,
  });
  const reply = yield* streamOutput(engine, taskOf, undefined, limit);
  if (reply.kind !== "prepared") throw new Error("the engine sent an unexpected reply");
  return reply.preparation;
}

/** The engine process read an untrusted file, so its report is compared with the file that it wrote. */
async function checkFoot({ path, sizeBytes }: StoredBlob, { rowCount }: Preparation): Promise<void> {
  await using file = await open(path);
  const footer = await readFooter(file, Number(sizeBytes)).catch((error: Error): ParquetFooter => {
    throw mismatch(error.message);
  });
  if (footer && footer.rowCount !== rowCount)
    throw mismatch(`it has ${footer.rowCount} rows instead of ${rowCount}`);
}

const mismatch = (problem: string) =>
  new EngineFailure("internal", `an engine process's report does not match its output: ${problem}`);
