import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { leasesEnded } from "../../lib/content/lease-time.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { fileHeld, fileNotFound, fileNotUpload } from "../errors.ts";
import { findFile, lockUpload } from "../file-repository.ts";
import { findHold } from "../holds/hold-repository.ts";
import { toFile } from "../message.ts";
import { purgeFiles } from "../trash/purge-files.ts";
import { findTrashPolicy } from "../trash/trash-policy-repository.ts";
import { moveToTrash } from "../trash/trash-repository.ts";

export const deleteFile =
  ({ db }: StorageDeps): MethodImpl<typeof FileService.method.deleteFile> =>
  async ({ fileId }, context) => {
    const scope = scopeOf(context);
    const trashed = await db.transaction(async (tx) => {
      const file = await lockUpload(tx, scope, fileId);
      if (!file) {
        const other = await findFile(tx, scope, fileId);
        throw other ? fileNotUpload(fileId, other.category) : fileNotFound(fileId);
      }
      if (await findHold(tx, scope, fileId)) throw fileHeld(fileId);
      const { undeleteWindowMs } = await findTrashPolicy(tx, file);
      if (undeleteWindowMs > 0) return moveToTrash(tx, file, undeleteWindowMs);
      await purgeFiles(tx, scope, [file]);
      return undefined;
    });
    await leasesEnded();
    return trashed ? { file: toFile(trashed) } : {};
  };
