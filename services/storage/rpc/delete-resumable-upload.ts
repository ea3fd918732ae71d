import type { MethodImpl } from "@connectrpc/connect";
import type { ResumableUploadService } from "../../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { uploadGone, uploadNotFound } from "../resumable/errors.ts";
import { removeUploads } from "../resumable/remove-uploads.ts";
import { lockUpload } from "../resumable/upload-repository.ts";

export const deleteResumableUpload =
  ({ db }: StorageDeps): MethodImpl<typeof ResumableUploadService.method.deleteResumableUpload> =>
  async ({ uploadId }, context) => {
    const scope = scopeOf(context);
    await db.transaction(async (tx) => {
      const upload = await lockUpload(tx, scope, uploadId);
      if (!upload) throw uploadNotFound(uploadId);
      if (upload.state === "gone") throw uploadGone(uploadId);
      await removeUploads(tx, [upload]);
    });
    return {};
  };
