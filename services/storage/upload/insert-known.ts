import { ownerIn } from "../../lib/database/scope.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { newId } from "../../lib/values/ids.ts";
import { touchBlobs } from "../blob-repository.ts";
import { type FileHead, type FileRow, insertFile } from "../file-repository.ts";
import { mediaTypeOf } from "../media-type.ts";
import type { Content } from "../objects/object-store.ts";
import { settleUsage } from "../quota/usage.ts";
import type { UploadDeps } from "./upload-deps.ts";

/**
 * Creates a file on content that the organisation has stored and verified; undefined if there is none. The caller must have proved that it has
 * the bytes: knowing a hash is no right to read the content. Throws quotaExceeded, reservationLost.
 */
export async function insertKnown(
  deps: UploadDeps,
  scope: Scope,
  content: Content,
  file: FileHead,
): Promise<FileRow | undefined> {
  if (!(await isSound(deps, scope, content))) return undefined;
  const { sha256, sizeBytes } = content;
  const owner = ownerIn(scope, file.namespace ?? "");
  await using reservation = await deps.reservations.hold(owner, sizeBytes);
  try {
    const row = await deps.db.transaction(async (tx) => {
      const held = await reservation.take(tx);
      // Locks the content against collection until the file's row is committed.
      await touchBlobs(tx, scope, [sha256]);
      if (!(await isSound(deps, scope, content))) throw new ContentGone();
      const contentType = file.contentType || mediaTypeOf(file.name);
      const inserted = await insertFile(tx, scope, {
        ...file,
        contentType,
        fileId: newId(),
        sizeBytes,
        sha256,
      });
      await settleUsage(tx, held, { bytes: sizeBytes, files: 1 });
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

async function isSound(
  { objects, content }: UploadDeps,
  { orgId }: Scope,
  { sha256, sizeBytes }: Content,
): Promise<boolean> {
  const key = { orgId, sha256 };
  const head = await objects.head(key);
  return head?.sizeBytes === sizeBytes && content.isVerified(key, head.fingerprint);
}
