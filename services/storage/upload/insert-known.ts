import type { Scope } from "../../lib/rpc/guard.ts";
import { newId } from "../../lib/values/ids.ts";
import { touchBlobs } from "../blob-repository.ts";
import { type FileRow, insertFile, type NewFile } from "../file-repository.ts";
import { mediaTypeOf } from "../media-type.ts";
import type { Content } from "../objects/object-store.ts";
import { updateUsage } from "../quota-repository.ts";
import type { UploadDeps } from "./upload-deps.ts";

/**
 * Creates a file on content that is stored and verified; undefined if there is none. The caller must have proved that it has
 * the bytes: knowing a hash is no right to read the content. Throws quotaExceeded, reservationLost.
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
      // Locks the content against collection until the file's row is committed.
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

/** The content was collected before it was locked. */
class ContentGone extends Error {}

async function isSound({ objects, content }: UploadDeps, { sha256, sizeBytes }: Content): Promise<boolean> {
  const head = await objects.head(sha256);
  return head?.sizeBytes === sizeBytes && content.isVerified(sha256, head.fingerprint);
}
