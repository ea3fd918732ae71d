import type { MethodImpl } from "@connectrpc/connect";
import type { BlobService } from "../../../gen/sluice/storage/v1/blobs_pb.ts";
import { leasesEnded } from "../../lib/content/lease-time.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { touchBlobs } from "../blob-repository.ts";
import type { StorageDeps } from "../deps.ts";
import { deleteStagedFiles } from "../file-repository.ts";
import { updateUsage } from "../quota-repository.ts";

export const deleteBlobs =
  ({ db }: StorageDeps): MethodImpl<typeof BlobService.method.deleteBlobs> =>
  async ({ ownerId, keepFileIds }, context) => {
    const scope = scopeOf(context);
    const fileCount = await db.transaction(async (tx) => {
      const rows = await deleteStagedFiles(tx, scope, ownerId, keepFileIds);
      if (rows.length === 0) return 0;
      await touchBlobs(
        tx,
        rows.map(({ sha256 }) => sha256),
      );
      const usedBytes = rows.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      await updateUsage(tx, scope, { usedBytes: -usedBytes, fileCount: -rows.length });
      return rows.length;
    });
    if (fileCount > 0) await leasesEnded();
    return { fileCount };
  };
