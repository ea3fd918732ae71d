import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { outsideCalls } from "../../lib/rpc/call.ts";
import { hasReason } from "../../lib/rpc/errors.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { touchBlobs } from "../blob-repository.ts";
import { hashMismatch } from "../errors.ts";
import { type FileRow, findFile, insertFile } from "../file-repository.ts";
import { mediaTypeOf } from "../media-type.ts";
import { findRules } from "../policy/upload-rules.ts";
import { settleUsage } from "../quota/usage.ts";
import type { UploadDeps } from "../upload/upload-deps.ts";
import { type ComposedContent, compose } from "./compose.ts";
import { deleteParts, listParts } from "./part-repository.ts";
import { releaseUpload, reserveTotal, takeReservation } from "./upload-quota.ts";
import { findUpload, lockUpload, moveToEnd, type UploadRow } from "./upload-repository.ts";

/** An upload and its file, if it has become one. */
type EndedUpload = { readonly upload: UploadRow; readonly file: FileRow | undefined };

export type FinishUpload = (scope: Scope, upload: UploadRow) => Promise<EndedUpload>;

const isComplete = ({ state, offsetBytes, lengthBytes }: UploadRow): boolean =>
  state === "open" && offsetBytes === lengthBytes;

/**
 * Makes a complete upload a file; others are returned as they are. Calls for the same upload share the work, which goes on
 * if their callers disconnect. Throws hashMismatch and the errors of the upload policy, which end the upload, and
 * contentCorrupt, diskFull.
 */
export function createFinishUpload(deps: UploadDeps): FinishUpload {
  const running = new Map<string, Promise<EndedUpload>>();
  return async (scope, upload) => {
    const { uploadId } = upload;
    if (!isComplete(upload)) return { upload, file: await findEnded(deps.db, scope, upload) };
    const work =
      running.get(uploadId) ??
      outsideCalls(() => finish(deps, scope, upload)).finally(() => running.delete(uploadId));
    running.set(uploadId, work);
    return work;
  };
}

/** The file of a finished upload; undefined if it was removed since, and for others. */
const findEnded = (db: Db, scope: Scope, { state, kind, uploadId }: UploadRow) =>
  state === "finished" && kind !== "partial" ? findFile(db, scope, uploadId) : undefined;

async function finish(deps: UploadDeps, scope: Scope, upload: UploadRow): Promise<EndedUpload> {
  if (upload.kind === "partial") {
    const ended = await deps.db.transaction((tx) =>
      moveToEnd(tx, upload, "finished", deps.limits.resumableMs),
    );
    return { upload: ended ?? upload, file: undefined };
  }
  await using composed = await compose(deps, upload, await listParts(deps.db, upload.uploadId));
  await refuseOther(deps, scope, upload, composed);
  await deps.db.transaction((tx) => reserveExactly(tx, scope, upload));
  const ended = await deps.db.transaction((tx) => insertEnded(deps, tx, scope, upload, composed));
  if (ended) return ended;
  // Another process has finished or removed it meanwhile.
  const now = await findUpload(deps.db, scope, upload.uploadId);
  return { upload: now ?? upload, file: now && (await findEnded(deps.db, scope, now)) };
}

/** Gives back what an upload of unknown length holds in advance. Nothing happens if it is not open any more. */
async function reserveExactly(tx: Db, scope: Scope, upload: UploadRow): Promise<void> {
  const locked = await lockUpload(tx, scope, upload.uploadId);
  if (locked?.state === "open") await reserveTotal(tx, upload, upload.offsetBytes);
}

/** Ends an upload whose content is not what was announced or allowed: appending can't make it right. */
async function refuseOther(
  deps: UploadDeps,
  scope: Scope,
  upload: UploadRow,
  { content, detectedContentType }: ComposedContent,
): Promise<void> {
  const rules = await findRules(deps, scope, upload.namespace);
  try {
    if (upload.sha256 !== null && upload.sha256 !== content.sha256) {
      throw hashMismatch(upload.sha256, content.sha256);
    }
    rules.requireContent(upload, detectedContentType);
  } catch (error) {
    const isFinal = [ErrorReason.CONTENT_MISMATCH, ErrorReason.UPLOAD_REFUSED].some((reason) =>
      hasReason(error, reason),
    );
    if (isFinal) await deps.db.transaction((tx) => abandon(tx, upload, deps.limits.goneMs));
    throw error;
  }
}

/** Removes the bytes and the quota of an open upload, and remembers that it is gone. */
export async function abandon(tx: Db, upload: UploadRow, goneMs: number): Promise<void> {
  if (!(await moveToEnd(tx, upload, "gone", goneMs))) return;
  await touchBlobs(tx, upload, await deleteParts(tx, upload.uploadId));
  await releaseUpload(tx, upload);
}

async function insertEnded(
  deps: UploadDeps,
  tx: Db,
  scope: Scope,
  upload: UploadRow,
  { content, detectedContentType, publish }: ComposedContent,
): Promise<EndedUpload | undefined> {
  const { uploadId, namespace, name } = upload;
  const ended = await moveToEnd(tx, upload, "finished", deps.limits.resumableMs);
  if (!ended) return undefined;
  const held = await takeReservation(tx, upload);
  if (!held) throw new Error("an open upload has no reservation");
  // Locks the content against collection until the file's row is committed.
  await touchBlobs(tx, upload, [content.sha256, ...(await deleteParts(tx, uploadId))]);
  await publish();
  const contentType = upload.contentType || mediaTypeOf(name);
  const file = { fileId: uploadId, ...content, name, contentType, detectedContentType, namespace };
  const inserted = await insertFile(tx, scope, file);
  await settleUsage(tx, held, { bytes: content.sizeBytes, files: 1 });
  return { upload: ended, file: inserted };
}
