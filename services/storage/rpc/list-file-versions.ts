import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound } from "../errors.ts";
import { findFile } from "../file-repository.ts";
import { toFileVersion } from "../message.ts";
import { listVersions } from "../versions/version-repository.ts";

export const listFileVersions =
  ({ db }: StorageDeps): MethodImpl<typeof FileService.method.listFileVersions> =>
  async (request, context) => {
    const file = await findFile(db, scopeOf(context), request.fileId);
    if (!file) throw fileNotFound(request.fileId);
    const { rows, ...page } = await listVersions(db, file, request);
    return { versions: rows.map(toFileVersion), ...page };
  };
