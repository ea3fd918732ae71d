import type { MethodImpl } from "@connectrpc/connect";
import type { ResumableUploadService } from "../../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import { narrow } from "../../lib/database/scope.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { toUpload } from "../resumable/message.ts";
import { listUploads } from "../resumable/upload-repository.ts";

export const listResumableUploads =
  ({ db }: StorageDeps): MethodImpl<typeof ResumableUploadService.method.listResumableUploads> =>
  async (request, context) => {
    const { rows, ...page } = await listUploads(db, narrow(scopeOf(context), request.namespace), request);
    return { uploads: rows.map(toUpload), ...page };
  };
