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
import { required, revisionOf, updatesOf } from "../../lib/rpc/updates.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound, fileNotUpload } from "../errors.ts";
import * as repository from "../file-repository.ts";
import { toFile, toKind, toTags } from "../message.ts";
import { findRules } from "../policy/upload-rules.ts";

const updates = updatesOf(FileSchema, {
  key: "file_id",
  writable: ["name", "content_type", "folder", "kind", "tags", "properties"],
});

export const updateFile =
  ({ db, limits }: StorageDeps): MethodImpl<typeof FileService.method.updateFile> =>
  async (request, context) => {
    const file = required(request.file, "file");
    const { fileId } = file;
    const scope = scopeOf(context);
    const change = changeOf(file, request);
    const revision = revisionOf(file.etag);
    const current = await repository.findFile(db, scope, fileId);
    if (!current) throw fileNotFound(fileId);
    if (current.category !== "upload") throw fileNotUpload(fileId, current.category);
    if (revision !== undefined && revision !== current.revision) throw etagMismatch("file", fileId);
    updates.refuseReadOnly(file, request.updateMask, toFile(current));
    if (change.contentType !== undefined) {
      const rules = await findRules({ db, limits }, scope, current.namespace);
      // What is stored stays, also if it is larger than the policy of today allows.
      rules.requireStored({ ...current, ...change, sizeBytes: 0 });
    }
    const row = await repository.updateUpload(db, scope, fileId, revision, change);
    if (!row) throw revision === undefined ? fileNotFound(fileId) : etagMismatch("file", fileId);
    await leasesEnded();
    return { file: toFile(row) };
  };

function changeOf(file: File, { updateMask }: UpdateFileRequest): repository.FileChange {
  const change: repository.FileChange = {};
  for (const field of updates.fieldsOf(file, updateMask)) {
    if (field === "name") change.name = required(file.name, "file.name");
    if (field === "content_type") change.contentType = required(file.contentType, "file.content_type");
    if (field === "folder") change.folder = file.folder ?? "";
    if (field === "kind") change.kind = toKind(file.kind) ?? "general";
    if (field === "tags") change.tags = toTags(file.tags);
    if (field === "properties") change.properties = file.properties;
  }
  return change;
}
