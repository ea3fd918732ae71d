import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { newId } from "../../lib/ids.ts";
import { contentCorrupt, diskFull } from "../errors.ts";

/** What is known of some bytes before they arrive. */
export type BlobHeader = { readonly sha256: string; readonly sizeBytes: bigint };

export type BlobFolder = {
  /** The path of whole bytes with this hash, lent until given back; undefined when they are not here. */
  take(header: BlobHeader): Promise<string | undefined>;
  /** Keeps what `write` writes to a new file and vouches for, and lends it. A failure leaves nothing. */
  store(header: BlobHeader, write: (path: string) => Promise<void>): Promise<string>;
  giveBack(sha256: string): void;
};

type Entry = { sizeBytes: number; borrowers: number; verified: string | undefined };

/**
 * Opens a folder of bytes named by their hash, of `bytesMax` in all. The ones used longest ago go first; those that are
 * lent stay. `directory` belongs to this process alone.
 */
export async function openBlobFolder(directory: string, bytesMax: number): Promise<BlobFolder> {
  const drafts = join(directory, "drafts");
  const blobs = join(directory, "sha256");
  await rm(drafts, { recursive: true, force: true });
  for (const folder of [drafts, blobs]) await mkdir(folder, { recursive: true, mode: 0o700 });
  // The engine refuses paths that lead through links.
  const root = await realpath(blobs);
  const pathOf = (sha256: string) => join(root, sha256.slice(0, 2), sha256);
  // In the order of their last use.
  const entries = new Map<string, Entry>(await listEntries(root));

  let draftBytes = 0;

  /** Removes what may go until the drafts fit. */
  async function makeRoom(): Promise<void> {
    let bytes = draftBytes + [...entries.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    for (const [sha256, { sizeBytes, borrowers }] of entries) {
      if (bytes <= bytesMax) return;
      if (borrowers > 0) continue;
      entries.delete(sha256);
      bytes -= sizeBytes;
      await rm(pathOf(sha256), { force: true });
    }
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

  return {
    giveBack,
    async take({ sha256, sizeBytes }) {
      const entry = entries.get(sha256);
      if (!entry) return undefined;
      const path = lend(sha256, entry);
      const found = await fingerprint(path);
      if (found !== undefined && entry.verified === found) return path;
      if (entry.sizeBytes === Number(sizeBytes) && (await hashFile(path)) === sha256) {
        entry.verified = found;
        return path;
      }
      giveBack(sha256);
      return undefined;
    },
    async store(header, write) {
      const { sha256 } = header;
      const sizeBytes = Number(header.sizeBytes);
      if (!/^[0-9a-f]{64}$/.test(sha256)) throw contentCorrupt();
      const draft = join(drafts, newId());
      draftBytes += sizeBytes;
      try {
        await makeRoom();
        await write(draft);
        await mkdir(join(root, sha256.slice(0, 2)), { recursive: true, mode: 0o700 });
        await rename(draft, pathOf(sha256));
      } catch (error) {
        await rm(draft, { force: true });
        throw (error as NodeJS.ErrnoException).code === "ENOSPC" ? diskFull() : error;
      } finally {
        draftBytes -= sizeBytes;
      }
      // Damaged bytes that are replaced may still be lent.
      const borrowers = entries.get(sha256)?.borrowers ?? 0;
      return lend(sha256, { sizeBytes, borrowers, verified: await fingerprint(pathOf(sha256)) });
    },
  };
}

/** What an earlier process left: verified when it is used. */
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

/** Changes when the file is replaced or written to; undefined when it is gone. */
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
