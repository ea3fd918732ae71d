import type { AppendResumableUploadHeader } from "../../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { contentTooLarge } from "../errors.ts";
import type { UploadRules } from "../policy/upload-rules.ts";
import type { UploadDeps } from "../upload/upload-deps.ts";
import {
  lengthBelowOffset,
  lengthExceeded,
  lengthFixed,
  offsetMismatch,
  uploadConcatenated,
  uploadGone,
  uploadNotFound,
} from "./errors.ts";
import { reserveTotal } from "./upload-quota.ts";
import { lockUpload, startAttempt, type UploadRow } from "./upload-repository.ts";

/**
 * Starts an attempt, unless the upload is finished already. Throws the errors of the contract that are known before the
 * first byte.
 */
export function beginAppend(
  { db, limits }: UploadDeps,
  scope: Scope,
  header: AppendResumableUploadHeader,
  rules: UploadRules,
): Promise<UploadRow> {
  return db.transaction(async (tx) => {
    const { uploadId } = header;
    const upload = requireAppendable(await lockUpload(tx, scope, uploadId), header);
    const lengthBytes = lengthOf(upload, header, rules);
    refuseExcess(upload, header, lengthBytes ?? rules.fileBytesMax);
    if (upload.state === "finished") return upload;
    const begun = await startAttempt(tx, scope, uploadId, { lengthBytes, expireMs: limits.resumableMs });
    if (lengthBytes !== undefined && upload.lengthBytes === null) await reserveTotal(tx, begun, lengthBytes);
    return begun;
  });
}

/** The rules of an upload's namespace need the upload first: whether it exists is checked again under its lock. */
export function requireAppendable(
  upload: UploadRow | undefined,
  { uploadId, offsetBytes }: Pick<AppendResumableUploadHeader, "uploadId" | "offsetBytes">,
): UploadRow {
  if (!upload) throw uploadNotFound(uploadId);
  if (upload.state === "gone") throw uploadGone(uploadId);
  if (upload.kind === "concatenated") throw uploadConcatenated(uploadId);
  if (Number(offsetBytes) !== upload.offsetBytes) {
    throw offsetMismatch(uploadId, upload.offsetBytes, Number(offsetBytes));
  }
  return upload;
}

/** The length of the upload after this header; undefined if it stays unknown. */
function lengthOf(
  upload: UploadRow,
  header: AppendResumableUploadHeader,
  { fileBytesMax }: UploadRules,
): number | undefined {
  const known = upload.lengthBytes ?? undefined;
  if (header.lengthBytes === undefined) return known;
  const given = Number(header.lengthBytes);
  if (known !== undefined && given !== known) throw lengthFixed(known);
  if (given < upload.offsetBytes) throw lengthBelowOffset(upload.offsetBytes);
  if (given > fileBytesMax) throw contentTooLarge(fileBytesMax);
  return given;
}

/** Refuses a call that announces more bytes than the upload has room for. */
function refuseExcess(
  { offsetBytes }: UploadRow,
  { sizeBytes }: AppendResumableUploadHeader,
  totalMax: number,
): void {
  if (offsetBytes + Number(sizeBytes ?? 0) > totalMax) throw lengthExceeded(totalMax);
}
