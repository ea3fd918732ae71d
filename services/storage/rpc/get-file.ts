import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound } from "../errors.ts";
import * as repository from "../file-repository.ts";
import { toFile } from "../message.ts";

export const getFile =
  ({ db }: StorageDeps): MethodImpl<typeof FileService.method.getFile> =>
  async ({ fileId }, context) => {
    const row = await repository.findFile(db, scopeOf(context), fileId);
    if (!row) throw fileNotFound(fileId);
    return { file: toFile(row) };
  };
