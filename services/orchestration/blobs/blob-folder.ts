import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ConnectError } from "@connectrpc/connect";
import { newId } from "../../lib/values/ids.ts";
import { contentCorrupt, diskFull } from "../errors.ts";

export type BlobHeader = { readonly sha256: string; readonly sizeBytes: bigint };

export type StoredBlob = BlobHeader & { readonly path: string };

export type BlobFolder = {
  /** Borrows complete bytes with this hash, and returns their path; undefined if they are not cached. */
  take(header: BlobHeader): Promise<string | undefined>;
  /** Has `write` create and verify a file, then caches and borrows it. A failure leaves nothing. */
  store(header: BlobHeader, write: (path: string) => Promise<void>): Promise<string>;
  /**
   * Caches and borrows bytes of unknown hash. A failure leaves nothing. Throws `full()` if they do not fit beside the
   * borrowed ones.
   */
  storeNew(chunks: AsyncIterable<Uint8Array>, full: () => ConnectError): Promise<StoredBlob>;
  /** Whether borrowed bytes are still intact. */
  isWhole(sha256: string): Promise<boolean>;
  giveBack(sha256: string): void;
};

type Entry = { sizeBytes: number; borrowers: number; verified: string | undefined };

/**
 * Opens a folder of files named by their hash, of at most `bytesMax` in total. The least recently used are evicted first,
 * borrowed ones never. `directory` is exclusive to this process.
 */
export async function openBlobFolder(directory: string, bytesMax: number): Promise<BlobFolder> {
  const drafts = join(directory, "drafts");
  const blobs = join(directory, "sha256");
  await rm(drafts, { recursive: true, force: true });
  for (const folder of [drafts, blobs]) await mkdir(folder, { recursive: true, mode: 0o700 });
  // The engine refuses paths with symbolic links.
  const root = await realpath(blobs);
  const pathOf = (sha256: string) => join(root, sha256.slice(0, 2), sha256);
  // Ordered by last use.
  const entries = new Map<string, Entry>(await listEntries(root));
  /** Total of entries and drafts. */
  let bytes = [...entries.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

  /** Evicts until everything fits. Returns whether it does. */
  async function makeRoom(): Promise<boolean> {
    for (const [sha256, { sizeBytes, borrowers }] of entries) {
      if (bytes <= bytesMax) break;
      if (borrowers > 0) continue;
      entries.delete(sha256);
      bytes -= sizeBytes;
      await rm(pathOf(sha256), { force: true });
    }
    return bytes <= bytesMax;
  }

  function lend(sha256: string, entry: Entry): string {
    entry.borrowers += 1;
    entries.delete(sha256);
    entries.set(sha256, entry);
    return pathOf(sha256);
  }

  function giveBack(sha256: string): void {
    const entry = entries.get(sha256);
    if (entry) entry.borrowers -= 1;
  }

  async function isWhole(sha256: string): Promise<boolean> {
    const entry = entries.get(sha256);
    if (!entry) return false;
    const path = pathOf(sha256);
    const found = await fingerprint(path);
    if (found === undefined) return false;
    if (entry.verified === found) return true;
    if ((await hashFile(path)) !== sha256) return false;
    entry.verified = found;
    return true;
  }

  /** Makes a complete draft an entry, and borrows it. */
  async function publish(draft: string, sha256: string, sizeBytes: number): Promise<string> {
    await mkdir(join(root, sha256.slice(0, 2)), { recursive: true, mode: 0o700 });
    await rename(draft, pathOf(sha256));
    const verified = await fingerprint(pathOf(sha256));
    // Damaged bytes that are replaced may still be borrowed.
    const { sizeBytes: replacedBytes = 0, borrowers = 0 } = entries.get(sha256) ?? {};
    bytes += sizeBytes - replacedBytes;
    return lend(sha256, { sizeBytes, borrowers, verified });
  }

  /** Has `write` fill a draft. `reserve` counts its bytes until it is done. */
  async function withDraft<T>(write: (draft: Draft) => Promise<T>): Promise<T> {
    const path = join(drafts, newId());
    let reserved = 0;
    const reserve = (count: number) => {
      reserved += count;
      bytes += count;
      return makeRoom();
    };
    try {
      return await write({ path, reserve });
    } catch (error) {
      await rm(path, { force: true });
      throw (error as NodeJS.ErrnoException).code === "ENOSPC" ? diskFull() : error;
    } finally {
      bytes -= reserved;
    }
  }

  return {
    giveBack,
    isWhole,
    async take({ sha256, sizeBytes }) {
      const entry = entries.get(sha256);
      if (entry?.sizeBytes !== Number(sizeBytes)) return undefined;
      const path = lend(sha256, entry);
      if (await isWhole(sha256)) return path;
      giveBack(sha256);
      return undefined;
    },
    store: (header, write) =>
      withDraft(async ({ path, reserve }) => {
        const { sha256 } = header;
        if (!/^[0-9a-f]{64}$/.test(sha256)) throw contentCorrupt();
        const sizeBytes = Number(header.sizeBytes);
        await reserve(sizeBytes);
        await write(path);
        return publish(path, sha256, sizeBytes);
      }),
    storeNew: (chunks, full) =>
      withDraft(async ({ path, reserve }) => {
        let reserved = 0;
        const { sha256, sizeBytes } = await writeDraft(path, chunks, async (count) => {
          const isRoom = await reserve(count - reserved);
          reserved = count;
          if (!isRoom) throw full();
        });
        return { sha256, sizeBytes: BigInt(sizeBytes), path: await publish(path, sha256, sizeBytes) };
      }),
  };
}

type Draft = { readonly path: string; reserve(bytes: number): Promise<boolean> };

/** Entries of an earlier process, which are verified on first use. */
async function listEntries(root: string): Promise<[string, Entry][]> {
  const names = (await readdir(root, { recursive: true })).filter((name) => /[0-9a-f]{64}$/.test(name));
  const found = await Promise.all(
    names.map(async (name) => ({ sha256: name.slice(-64), ...(await statOf(join(root, name))) })),
  );
  found.sort((left, right) => left.mtimeMs - right.mtimeMs);
  return found.map(({ sha256, size }) => [sha256, { sizeBytes: size, borrowers: 0, verified: undefined }]);
}

async function statOf(path: string) {
  const { size, mtimeMs, ino } = await stat(path);
  return { size, mtimeMs, ino };
}

/** Changes when the file is replaced or written to; undefined if it is gone. */
const fingerprint = (path: string): Promise<string | undefined> =>
  statOf(path).then(JSON.stringify, () => undefined);

async function hashFile(path: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk);
    return hash.digest("hex");
  } catch {
    return undefined;
  }
}

/** Writes a stream to a file. `accept` gets the total before each write, and throws if it is too large. */
async function writeDraft(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  accept: (sizeBytes: number) => void | Promise<void>,
): Promise<{ sha256: string; sizeBytes: number }> {
  await using file = await open(path, "wx", 0o600);
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    sizeBytes += chunk.length;
    await accept(sizeBytes);
    hash.update(chunk);
    await file.writeFile(chunk);
  }
  return { sha256: hash.digest("hex"), sizeBytes };
}
