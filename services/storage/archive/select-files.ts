import type { DownloadArchiveRequest } from "../../../gen/sluice/storage/v1/archives_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { narrow } from "../../lib/database/scope.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { fileNotFound, noFileMatches } from "../errors.ts";
import { type ArchivedFile, listArchived, listArchivedByPrefix } from "./archive-repository.ts";

/** Most files of an archive. Stands in the contract. */
const filesMax = 10_000;

/** The files of an archive in their order. Throws fileNotFound, noFileMatches, and invalidField for too many. */
export async function selectFiles(
  db: Db,
  scope: Scope,
  { fileIds, prefix, namespace }: DownloadArchiveRequest,
): Promise<ArchivedFile[]> {
  if (fileIds.length > 0) return selectByIds(db, scope, fileIds);
  const found = await listArchivedByPrefix(db, narrow(scope, namespace), prefix, filesMax + 1);
  if (found.length === 0) throw noFileMatches(prefix);
  if (found.length > filesMax) throw invalidField("prefix", `matches more than ${filesMax} files`);
  return found;
}

async function selectByIds(db: Db, scope: Scope, fileIds: readonly string[]): Promise<ArchivedFile[]> {
  const asked = [...new Set(fileIds.map((fileId) => fileId.toLowerCase()))];
  const found = new Map((await listArchived(db, scope, asked)).map((file) => [file.fileId, file]));
  return asked.map((fileId) => {
    const file = found.get(fileId);
    if (!file) throw fileNotFound(fileId);
    return file;
  });
}
