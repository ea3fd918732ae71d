import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { notFound } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { findFileByObjectName } from "../file-repository.ts";
import { toFile } from "../message.ts";

export const findFile =
  ({ db }: StorageDeps): MethodImpl<typeof FileService.method.findFile> =>
  async ({ objectName }, context) => {
    const row = await findFileByObjectName(db, scopeOf(context), objectName);
    if (!row) throw notFound("file", objectName);
    return { file: toFile(row) };
  };
