import { randomUUID } from "node:crypto";
import { open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileFingerprint } from "../../lib/content/file-fingerprint.ts";
import { doneUnless, namesIn } from "./file-system.ts";

/** Ends the names of temporaries that no reservation stands for: they exist for one write only. */
const suffix = ".small";

export const isSmallTemporary = (name: string): boolean => name.endsWith(suffix);

/**
 * Puts durable bytes in the place of whatever is at `to` and answers their fingerprint. The caller syncs the folder.
 * The path changes as a whole: a reader finds the old file or the new one.
 */
export async function writeSmall(temporaries: string, to: string, bytes: Uint8Array): Promise<string> {
  const temporary = join(temporaries, `${randomUUID()}${suffix}`);
  await using handle = await open(temporary, "wx", 0o600);
  try {
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, written);
      written += bytesWritten;
    }
    await handle.datasync();
    await rename(temporary, to);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return fileFingerprint(await handle.stat({ bigint: true }));
}

/** Removes the small temporaries that a process has left: those that are older than any write takes. */
export async function deleteOldSmall(temporaries: string, olderThanMs: number): Promise<void> {
  for (const name of (await namesIn(temporaries)).filter(isSmallTemporary)) {
    const path = join(temporaries, name);
    await doneUnless("ENOENT", removeIfOld(path, olderThanMs));
  }
}

async function removeIfOld(path: string, olderThanMs: number): Promise<void> {
  const { mtimeMs } = await stat(path);
  if (Date.now() - mtimeMs > olderThanMs) await rm(path, { force: true });
}
