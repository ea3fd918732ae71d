import type { MethodImpl } from "@connectrpc/connect";
import {
  type File,
  FileSchema,
  type FileService,
  type UpdateFileRequest,
} from "../../../gen/sluice/storage/v1/files_pb.ts";
import { leasesEnded } from "../../lib/content/lease-time.ts";
import { etagMismatch } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { fieldsToUpdate, required, revisionOf } from "../../lib/rpc/updates.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound, fileNotUpload } from "../errors.ts";
import * as repository from "../file-repository.ts";
import { toFile } from "../message.ts";

const writable = ["name", "content_type"] as const;

export const updateFile =
  ({ db }: StorageDeps): MethodImpl<typeof FileService.method.updateFile> =>
  async (request, context) => {
    const file = required(request.file, "file");
    const { fileId } = file;
    const scope = scopeOf(context);
    const change = changeOf(file, request);
    const row = await repository.updateUpload(db, scope, fileId, revisionOf(file.etag), change);
    if (row) {
      await leasesEnded();
      return { file: toFile(row) };
    }
    const current = await repository.findFile(db, scope, fileId);
    if (!current) throw fileNotFound(fileId);
    if (current.category !== "upload") throw fileNotUpload(fileId, current.category);
    throw etagMismatch("file", fileId);
  };

function changeOf(file: File, { updateMask }: UpdateFileRequest): repository.FileChange {
  const change: repository.FileChange = {};
  for (const field of fieldsToUpdate(FileSchema, file, updateMask, writable)) {
    if (field === "name") change.name = required(file.name, "file.name");
    if (field === "content_type") change.contentType = required(file.contentType, "file.content_type");
  }
  return change;
}
