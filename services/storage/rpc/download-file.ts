import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { answerContent } from "../download/answer-content.ts";
import { fileNotFound } from "../errors.ts";
import { findFile } from "../file-repository.ts";

export const downloadFile = ({
  db,
  content,
}: StorageDeps): MethodImpl<typeof FileService.method.downloadFile> =>
  async function* (request, context) {
    const file = await findFile(db, scopeOf(context), request.fileId);
    if (!file) throw fileNotFound(request.fileId);
    yield* answerContent(content, file, { conditions: request, metadata: context.requestHeader });
  };
