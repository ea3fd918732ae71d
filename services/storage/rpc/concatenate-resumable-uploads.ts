import type { MethodImpl } from "@connectrpc/connect";
import type { ResumableUploadService } from "../../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required } from "../../lib/rpc/updates.ts";
import { newId } from "../../lib/values/ids.ts";
import type { StorageDeps } from "../deps.ts";
import { toFile } from "../message.ts";
import { findRules } from "../policy/upload-rules.ts";
import { concatenate } from "../resumable/concatenate.ts";
import { toUpload } from "../resumable/message.ts";
import { newUploadOf } from "../resumable/new-upload.ts";

export const concatenateResumableUploads =
  (deps: StorageDeps): MethodImpl<typeof ResumableUploadService.method.concatenateResumableUploads> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const { uploadIds, concatenation } = request;
    const upload = { ...newUploadOf(newId(), required(request.upload, "upload")), concatenation };
    await requireNamespace(deps.policies, scope, upload.namespace);
    const rules = await findRules(deps, scope, upload.namespace);
    const row = await deps.db.transaction((tx) =>
      concatenate(tx, scope, { uploadIds, upload, rules, limits: deps.limits }),
    );
    const ended = await deps.finishUpload(scope, row);
    return { upload: toUpload(ended.upload), ...(ended.file && { file: toFile(ended.file) }) };
  };
