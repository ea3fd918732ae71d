import type { Db } from "../../lib/database/database.ts";
import { etagMismatch } from "../../lib/rpc/errors.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { revisionOf } from "../../lib/rpc/updates.ts";
import { fileNotFound, fileNotUpload } from "../errors.ts";
import { type FileRow, findFile, lockUpload } from "../file-repository.ts";

/**
 * An upload of this etag (empty: any), locked until the transaction ends. Throws fileNotFound, fileNotUpload, etagMismatch.
 */
export async function requireUpload(tx: Db, scope: Scope, fileId: string, etag = ""): Promise<FileRow> {
  const file = await lockUpload(tx, scope, fileId);
  if (!file) {
    const other = await findFile(tx, scope, fileId);
    throw other ? fileNotUpload(fileId, other.category) : fileNotFound(fileId);
  }
  const revision = revisionOf(etag);
  if (revision !== undefined && revision !== file.revision) throw etagMismatch("file", fileId);
  return file;
}
