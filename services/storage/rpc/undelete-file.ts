import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound, fileNotInTrash } from "../errors.ts";
import { findFile } from "../file-repository.ts";
import { toFile } from "../message.ts";
import { takeFromTrash } from "../trash/trash-repository.ts";

export const undeleteFile =
  ({ db }: StorageDeps): MethodImpl<typeof FileService.method.undeleteFile> =>
  async ({ fileId }, context) => {
    const scope = scopeOf(context);
    const row = await db.transaction((tx) => takeFromTrash(tx, scope, fileId));
    if (row) return { file: toFile(row) };
    throw (await findFile(db, scope, fileId)) ? fileNotInTrash(fileId) : fileNotFound(fileId);
  };
