import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { fileHeld, fileNotFound, fileNotInTrash } from "../errors.ts";
import { findFile } from "../file-repository.ts";
import { findHold } from "../holds/hold-repository.ts";
import { purgeFiles } from "../trash/purge-files.ts";
import { lockTrashed } from "../trash/trash-repository.ts";

export const purgeFile =
  ({ db }: StorageDeps): MethodImpl<typeof FileService.method.purgeFile> =>
  async ({ fileId }, context) => {
    const scope = scopeOf(context);
    await db.transaction(async (tx) => {
      const file = await lockTrashed(tx, scope, fileId);
      if (!file) throw (await findFile(tx, scope, fileId)) ? fileNotInTrash(fileId) : fileNotFound(fileId);
      if (await findHold(tx, scope, fileId)) throw fileHeld(fileId);
      await purgeFiles(tx, scope, [file]);
    });
    return {};
  };
