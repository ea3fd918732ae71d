import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { leasesEnded } from "../../lib/content/lease-time.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { touchBlobs } from "../blob-repository.ts";
import type { StorageDeps } from "../deps.ts";
import { versionIsCurrent, versionNotFound } from "../errors.ts";
import { toFile, toWarnings } from "../message.ts";
import { findRules } from "../policy/upload-rules.ts";
import { addUsage } from "../quota/usage.ts";
import { requireUpload } from "../versions/require-upload.ts";
import { findVersion, insertVersion } from "../versions/version-repository.ts";

export const restoreFileVersion =
  ({ db, limits }: StorageDeps): MethodImpl<typeof FileService.method.restoreFileVersion> =>
  async ({ fileId, version: number, etag }, context) => {
    const scope = scopeOf(context);
    const { row, warned } = await db.transaction(async (tx) => {
      const file = await requireUpload(tx, scope, fileId, etag);
      if (number === file.version) throw versionIsCurrent(fileId, number);
      const version = await findVersion(tx, file, number);
      if (!version) throw versionNotFound(number);
      const { sha256, sizeBytes, contentType, detectedContentType } = version;
      await touchBlobs(tx, scope, [sha256]);
      const { userId } = scope.principal;
      const content = { sha256, sizeBytes, contentType, detectedContentType };
      const restored = await insertVersion(tx, file, { ...content, userId });
      const { namespace } = file;
      (await findRules({ db: tx, limits }, scope, namespace)).requireStored(restored);
      const warned = await addUsage(tx, scope.orgId, [{ namespace, sizeBytes, isVersion: true }]);
      return { row: restored, warned };
    });
    await leasesEnded();
    return { file: toFile(row), quotaWarnings: toWarnings(warned) };
  };
