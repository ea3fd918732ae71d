import type { Scope } from "../../lib/rpc/guard.ts";
import { newId } from "../../lib/values/ids.ts";
import { touchBlobs } from "../blob-repository.ts";
import type { Content } from "../blobs/blob-store.ts";
import { type FileRow, insertFile, type NewFile } from "../file-repository.ts";
import { mediaTypeOf } from "../media-type.ts";
import { updateUsage } from "../quota-repository.ts";
import type { UploadDeps } from "./upload-deps.ts";

/**
 * Makes a file of content that is stored already and was verified; undefined when there is none. The caller must hold
 * the bytes: who knows a hash alone may not read what has it. Throws quotaExceeded, reservationLost.
 */
export async function insertKnown(
  deps: UploadDeps,
  scope: Scope,
  content: Content,
  file: Pick<NewFile, "name" | "contentType" | "ownerId">,
): Promise<FileRow | undefined> {
  if (!(await isSound(deps, content))) return undefined;
  const { sha256, sizeBytes } = content;
  await using reservation = await deps.reservations.hold(scope, sizeBytes);
  try {
    const row = await deps.db.transaction(async (tx) => {
      const reservedBytes = await reservation.take(tx);
      // Locks the content against its removal until the file's row says that it is used.
      await touchBlobs(tx, [sha256]);
      if (!(await isSound(deps, content))) throw new ContentGone();
      const contentType = file.contentType || mediaTypeOf(file.name);
      const inserted = await insertFile(tx, scope, {
        ...file,
        contentType,
        fileId: newId(),
        sizeBytes,
        sha256,
      });
      await updateUsage(tx, scope, { usedBytes: sizeBytes, reservedBytes: -reservedBytes, fileCount: 1 });
      return inserted;
    });
    reservation.settled();
    return row;
  } catch (error) {
    if (error instanceof ContentGone) return undefined;
    throw error;
  }
}

/** Removed before it was locked. */
class ContentGone extends Error {}

async function isSound({ blobs, content }: UploadDeps, { sha256, sizeBytes }: Content): Promise<boolean> {
  await using blob = await blobs.open(sha256);
  return blob?.sizeBytes === sizeBytes && content.isVerified(sha256, blob.fingerprint);
}
