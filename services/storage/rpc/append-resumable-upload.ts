import type { MethodImpl } from "@connectrpc/connect";
import type { ResumableUploadService } from "../../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { toFile } from "../message.ts";
import { append } from "../resumable/append.ts";
import { toUpload } from "../resumable/message.ts";

export const appendResumableUpload =
  (deps: StorageDeps): MethodImpl<typeof ResumableUploadService.method.appendResumableUpload> =>
  async (requests, context) => {
    const scope = scopeOf(context);
    const appended = await append(deps, scope, requests, context.signal);
    const { upload, file } = await deps.finishUpload(scope, appended);
    return { upload: toUpload(upload), ...(file && { file: toFile(file) }) };
  };
