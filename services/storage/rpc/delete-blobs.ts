import type { MethodImpl } from "@connectrpc/connect";
import type { BlobService } from "../../../gen/sluice/storage/v1/blobs_pb.ts";
import { leasesEnded } from "../../lib/content/lease-time.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { touchBlobs } from "../blob-repository.ts";
import type { StorageDeps } from "../deps.ts";
import { fileHeld } from "../errors.ts";
import { deleteStagedFiles, findHeldStagedFile } from "../file-repository.ts";
import { freeUsage } from "../quota/usage.ts";

export const deleteBlobs =
  ({ db }: StorageDeps): MethodImpl<typeof BlobService.method.deleteBlobs> =>
  async ({ ownerId, keepFileIds }, context) => {
    const scope = scopeOf(context);
    const fileCount = await db.transaction(async (tx) => {
      const rows = await deleteStagedFiles(tx, scope, ownerId, keepFileIds);
      if (rows.length === 0) return 0;
      await touchBlobs(
        tx,
        scope,
        rows.map(({ sha256 }) => sha256),
      );
      await freeUsage(tx, scope.orgId, rows);
      return rows.length;
    });
    if (fileCount > 0) await leasesEnded();
    const held = await findHeldStagedFile(db, scope, ownerId, keepFileIds);
    if (held) throw fileHeld(held);
    return { fileCount };
  };
