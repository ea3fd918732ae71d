import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import type { StorageDeps } from "../deps.ts";
import { answerContent } from "../download/answer-content.ts";
import { signedUrlInvalid } from "../errors.ts";
import { findFile } from "../file-repository.ts";

export const readSigned = ({
  db,
  content,
  signedUrls,
}: StorageDeps): MethodImpl<typeof FileService.method.readSigned> =>
  async function* (request, context) {
    const grant = signedUrls.open(request.token);
    const file = grant && (await findFile(db, grant, grant.fileId));
    if (!file) throw signedUrlInvalid();
    yield* answerContent(content, file, {
      conditions: request,
      metadata: context.requestHeader,
      expireTime: grant.expireTime,
    });
  };
