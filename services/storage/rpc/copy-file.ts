import { create } from "@bufbuild/protobuf";
import type { MethodImpl } from "@connectrpc/connect";
import {
  type CopyFileRequest,
  CopyFileResponseSchema,
  FileService,
} from "../../../gen/sluice/storage/v1/files_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import type { Db } from "../../lib/database/database.ts";
import { hasNamespace } from "../../lib/database/scope.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import { namespacesOf } from "../../lib/rpc/permissions.ts";
import { newId } from "../../lib/values/ids.ts";
import { touchBlobs } from "../blob-repository.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound, versionNotFound } from "../errors.ts";
import { type FileRow, findFileToCopy, insertFile } from "../file-repository.ts";
import { toFile, toWarnings } from "../message.ts";
import { findRules } from "../policy/upload-rules.ts";
import { addUsage } from "../quota/usage.ts";
import { onceRequested } from "../request-repository.ts";
import type { StoredFile } from "../upload/stored-file.ts";
import { findVersion } from "../versions/version-repository.ts";

const method = FileService.method.copyFile;
/** Needed in the namespace of the file, beside the permission of the method in that of the copy. */
const permissionToRead = "storage.files.read";

export const copyFile =
  ({ db, policies, limits }: StorageDeps): MethodImpl<typeof method> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const { fileId } = request;
    const readable = { ...scope, namespaces: namespacesOf(scope.principal, permissionToRead) };
    const response = await onceRequested(db, scope, { method, request }, async (tx) => {
      const file = await findFileToCopy(tx, readable, fileId);
      if (!file) throw fileNotFound(fileId);
      const namespace = request.namespace || file.namespace;
      await requireNamespace(policies, scope, namespace);
      const { row, warned } = await insertCopy(tx, scope, file, { ...request, namespace });
      (await findRules({ db: tx, limits }, scope, namespace)).requireStored(row);
      return create(CopyFileResponseSchema, { file: toFile(row), quotaWarnings: toWarnings(warned) });
    });
    // The first response may be of a namespace in which this caller has no role, or none any more.
    if (!hasNamespace(scope, response.file?.namespace ?? "")) throw fileNotFound(fileId);
    return response;
  };

async function insertCopy(
  tx: Db,
  scope: Scope,
  file: FileRow,
  { version: number, namespace, name, folder }: CopyFileRequest,
): Promise<StoredFile> {
  const version = await findVersion(tx, file, number);
  if (!version) throw versionNotFound(number);
  const { sha256, sizeBytes, contentType, detectedContentType } = version;
  await touchBlobs(tx, scope, [sha256]);
  const row = await insertFile(tx, scope, {
    fileId: newId(),
    name: name || file.name,
    folder: folder ?? file.folder,
    namespace,
    contentType,
    detectedContentType,
    sizeBytes,
    sha256,
    kind: file.kind,
    tags: file.tags,
    properties: file.properties,
  });
  return { row, warned: await addUsage(tx, scope.orgId, [row]) };
}
