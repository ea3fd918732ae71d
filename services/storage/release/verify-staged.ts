import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import type { ReleaseFile } from "../../../gen/sluice/storage/v1/releases_pb.ts";
import { hasReason } from "../../lib/rpc/errors.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { newId } from "../../lib/values/ids.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound, releaseCorrupt } from "../errors.ts";
import type { FileRow } from "../file-repository.ts";
import type { VerifiedContent } from "../objects/verified-content.ts";
import { listStagedFiles, type NewReleaseFile } from "../release-repository.ts";

/**
 * Reads every staged file of a release completely, and returns the files to publish in the order of `files`. Throws
 * fileNotFound, and releaseCorrupt if a file differs from the approved one or its bytes are damaged.
 */
export async function verifyStaged(
  { db, content }: Pick<StorageDeps, "db" | "content">,
  scope: Scope,
  files: readonly ReleaseFile[],
  signal: AbortSignal,
): Promise<NewReleaseFile[]> {
  const rows = await listStagedFiles(
    db,
    scope,
    files.map(({ fileId }) => fileId),
  );
  const rowsById = new Map(rows.map((row) => [row.fileId, row]));
  // All rows are checked before the first byte is read: there may be many bytes.
  const approved = files.map((file) => approvedOf(file, rowsById.get(file.fileId.toLowerCase())));
  const sha512s = new Map<string, string>();
  for (const { file, row } of approved) {
    signal.throwIfAborted();
    if (!sha512s.has(row.sha256)) sha512s.set(row.sha256, await sha512Of(content, row, file.path));
  }
  return approved.map(({ file: { path }, row: { contentType, sizeBytes, sha256 } }) => ({
    fileId: newId(),
    name: path.slice(path.lastIndexOf("/") + 1),
    contentType,
    sizeBytes,
    sha256,
    sha512: sha512s.get(sha256) ?? "",
    path,
  }));
}

function approvedOf(file: ReleaseFile, row: FileRow | undefined): { file: ReleaseFile; row: FileRow } {
  if (!row) throw fileNotFound(file.fileId);
  if (row.sha256 !== file.sha256 || BigInt(row.sizeBytes) !== file.sizeBytes) throw releaseCorrupt(file.path);
  return { file, row };
}

async function sha512Of(content: VerifiedContent, row: FileRow, path: string): Promise<string> {
  try {
    return await content.sha512(row);
  } catch (error) {
    throw hasReason(error, ErrorReason.CONTENT_CORRUPT) ? releaseCorrupt(path) : error;
  }
}
