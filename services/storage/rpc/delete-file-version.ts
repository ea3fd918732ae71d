import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { touchBlobs } from "../blob-repository.ts";
import type { StorageDeps } from "../deps.ts";
import { fileHeld, fileNotFound, versionIsCurrent, versionNotFound } from "../errors.ts";
import { findFile, lockUpload } from "../file-repository.ts";
import { findHold } from "../holds/hold-repository.ts";
import { freeUsage } from "../quota/usage.ts";
import { deleteVersion } from "../versions/version-repository.ts";

export const deleteFileVersion =
  ({ db }: StorageDeps): MethodImpl<typeof FileService.method.deleteFileVersion> =>
  async ({ fileId, version: number }, context) => {
    const scope = scopeOf(context);
    await db.transaction(async (tx) => {
      // Files of jobs and releases have a current version only.
      const file = (await lockUpload(tx, scope, fileId)) ?? (await findFile(tx, scope, fileId));
      if (!file) throw fileNotFound(fileId);
      if (number === file.version) throw versionIsCurrent(fileId, number);
      if (await findHold(tx, scope, fileId)) throw fileHeld(fileId);
      const deleted = await deleteVersion(tx, file, number);
      if (!deleted) throw versionNotFound(number);
      await touchBlobs(tx, scope, [deleted.sha256]);
      const { namespace } = file;
      await freeUsage(tx, scope.orgId, [{ namespace, sizeBytes: deleted.sizeBytes, isVersion: true }]);
    });
    return {};
  };
