import type { MethodImpl } from "@connectrpc/connect";
import type { ResumableUploadService } from "../../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { uploadGone, uploadNotFound } from "../resumable/errors.ts";
import { toUpload } from "../resumable/message.ts";
import { findUpload } from "../resumable/upload-repository.ts";

export const getResumableUpload =
  ({ db, finishUpload }: StorageDeps): MethodImpl<typeof ResumableUploadService.method.getResumableUpload> =>
  async ({ uploadId }, context) => {
    const scope = scopeOf(context);
    const found = await findUpload(db, scope, uploadId);
    if (!found) throw uploadNotFound(uploadId);
    if (found.state === "gone") throw uploadGone(uploadId);
    // A process can have died between the last byte and the file.
    const { upload } = await finishUpload(scope, found);
    return { upload: toUpload(upload) };
  };
