import { randomUUID } from "node:crypto";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileFingerprint } from "../../../lib/content/file-fingerprint.ts";
import type { DiskFiles } from "./disk-files.ts";
import { namesIn, succeedsUnless } from "./file-system.ts";

/** Suffix of temporary files without a reservation: they exist during one write only. */
const suffix = ".small";

export const isSmallTemporary = (name: string): boolean => name.endsWith(suffix);

/**
 * Writes durable bytes to `to`, atomically replacing an existing file, and returns their fingerprint. The caller syncs the
 * folder.
 */
export async function writeSmall(
  { temporaries, files }: { readonly temporaries: string; readonly files: DiskFiles },
  to: string,
  bytes: Uint8Array,
): Promise<string> {
  const temporary = join(temporaries, `${randomUUID()}${suffix}`);
  await using handle = await files.open(temporary, "wx", 0o600);
  try {
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, written);
      written += bytesWritten;
    }
    await handle.datasync();
    await files.rename(temporary, to);
  } catch (error) {
    await files.rm(temporary, { force: true });
    throw error;
  }
  return fileFingerprint(await handle.stat({ bigint: true }));
}

/** Deletes temporary files of `writeSmall` that dead processes have left. */
export async function deleteOldSmall(temporaries: string, olderThanMs: number): Promise<void> {
  for (const name of (await namesIn(temporaries)).filter(isSmallTemporary)) {
    const path = join(temporaries, name);
    await succeedsUnless("ENOENT", deleteIfOld(path, olderThanMs));
  }
}

async function deleteIfOld(path: string, olderThanMs: number): Promise<void> {
  const { mtimeMs } = await stat(path);
  if (Date.now() - mtimeMs > olderThanMs) await rm(path, { force: true });
}
