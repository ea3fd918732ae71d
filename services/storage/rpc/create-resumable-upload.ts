import type { MethodImpl } from "@connectrpc/connect";
import type { ResumableUploadService } from "../../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required } from "../../lib/rpc/updates.ts";
import { newId } from "../../lib/values/ids.ts";
import type { StorageDeps } from "../deps.ts";
import { contentTooLarge } from "../errors.ts";
import { findRules } from "../policy/upload-rules.ts";
import { toKind, toUpload } from "../resumable/message.ts";
import { newUploadOf, requireRoom } from "../resumable/new-upload.ts";
import { reserveNew } from "../resumable/upload-quota.ts";
import { insertUpload } from "../resumable/upload-repository.ts";

export const createResumableUpload =
  (deps: StorageDeps): MethodImpl<typeof ResumableUploadService.method.createResumableUpload> =>
  async (request, context) => {
    const { db, limits, policies, finishUpload } = deps;
    const scope = scopeOf(context);
    const upload = newUploadOf(newId(), required(request.upload, "upload"));
    const kind = toKind(request.upload?.kind ?? 0) ?? "whole";
    if (kind === "concatenated") throw invalidField("upload.kind", "is that of ConcatenateResumableUploads");
    await requireNamespace(policies, scope, upload.namespace);
    const rules = await findRules(deps, scope, upload.namespace);
    const sizeBytes = upload.lengthBytes ?? undefined;
    if (kind === "whole") rules.requireAllowed(upload, sizeBytes);
    else if (sizeBytes !== undefined && sizeBytes > rules.fileBytesMax)
      throw contentTooLarge(rules.fileBytesMax);
    const row = await db.transaction(async (tx) => {
      const inserted = await insertUpload(tx, scope, { ...upload, kind }, limits.resumableMs);
      await reserveNew(tx, inserted, sizeBytes ?? 0);
      await requireRoom(tx, scope, limits);
      return inserted;
    });
    const ended = await finishUpload(scope, row);
    return { upload: toUpload(ended.upload) };
  };
