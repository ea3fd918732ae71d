import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { leasesEnded } from "../../lib/content/lease-time.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { touchBlobs } from "../blob-repository.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound, fileNotUpload } from "../errors.ts";
import { deleteUpload, findFile } from "../file-repository.ts";
import { updateUsage } from "../quota-repository.ts";

export const deleteFile =
  ({ db }: StorageDeps): MethodImpl<typeof FileService.method.deleteFile> =>
  async ({ fileId }, context) => {
    const scope = scopeOf(context);
    await db.transaction(async (tx) => {
      const row = await deleteUpload(tx, scope, fileId);
      if (!row) {
        const other = await findFile(tx, scope, fileId);
        throw other ? fileNotUpload(fileId, other.category) : fileNotFound(fileId);
      }
      await touchBlobs(tx, [row.sha256]);
      await updateUsage(tx, scope, { usedBytes: -row.sizeBytes, fileCount: -1 });
    });
    await leasesEnded();
    return {};
  };
