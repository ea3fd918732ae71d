import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { cutPage, pageOf } from "../../lib/rpc/paging.ts";
import type { StorageDeps } from "../deps.ts";
import * as repository from "../file-repository.ts";
import { toCategory, toFile } from "../message.ts";

export const listFiles =
  ({ db }: StorageDeps): MethodImpl<typeof FileService.method.listFiles> =>
  async (request, context) => {
    const { prefix, contentType } = request;
    const category = toCategory(request.category);
    const page = pageOf(request, [prefix, contentType, category ?? ""]);
    const filter = { prefix, contentType, category };
    const read = await repository.listFiles(db, scopeOf(context), page, filter);
    const { rows, nextPageToken } = cutPage(read, page, ({ fileId }) => fileId);
    return { files: rows.map(toFile), nextPageToken };
  };
