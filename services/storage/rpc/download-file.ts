import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { answerContent } from "../download/answer-content.ts";
import { fileNotFound, versionNotFound } from "../errors.ts";
import { findFile } from "../file-repository.ts";
import { findVersion, ofVersion } from "../versions/version-repository.ts";

export const downloadFile = ({
  db,
  content,
  lastReads,
}: StorageDeps): MethodImpl<typeof FileService.method.downloadFile> =>
  async function* (request, context) {
    const file = await findFile(db, scopeOf(context), request.fileId);
    if (!file) throw fileNotFound(request.fileId);
    const version = await findVersion(db, file, request.version);
    if (!version) throw versionNotFound(request.version);
    lastReads.note(file.fileId);
    yield* answerContent(content, ofVersion(file, version), {
      conditions: request,
      metadata: context.requestHeader,
      headOnly: request.headOnly,
    });
  };
