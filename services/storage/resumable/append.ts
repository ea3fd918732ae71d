import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import type { AppendResumableUploadRequest } from "../../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import { hasReason } from "../../lib/rpc/errors.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { createContentStart } from "../detect-type.ts";
import { findRules, type UploadRules } from "../policy/upload-rules.ts";
import type { UploadDeps } from "../upload/upload-deps.ts";
import { receiveAppend } from "./append-messages.ts";
import { beginAppend, requireAppendable } from "./begin-append.ts";
import { type Checksum, createChecksum } from "./checksum.ts";
import { lengthExceeded } from "./errors.ts";
import { createPartWriter, type PartWriter } from "./part-writer.ts";
import { reserveAhead } from "./upload-quota.ts";
import { findUpload, lockUpload, type UploadRow } from "./upload-repository.ts";

/**
 * Appends the bytes of one call, and returns the upload behind them. What has arrived stays if the call fails, unless it has
 * a checksum: then only all bytes together are known to be right.
 */
export async function append(
  deps: UploadDeps,
  scope: Scope,
  requests: AsyncIterable<AppendResumableUploadRequest>,
  signal: AbortSignal,
): Promise<UploadRow> {
  const { header, arrivals } = await receiveAppend(requests, deps.limits);
  const found = requireAppendable(await findUpload(deps.db, scope, header.uploadId), header);
  const rules = await findRules(deps, scope, found.namespace);
  const begun = await beginAppend(deps, scope, header, rules);
  const checksum = createChecksum(header.checksumAlgorithm, header.checksum);
  // Holds no quota, but the name under which unfinished bytes are known to be alive.
  await using live = await deps.reservations.holdNothing(begun);
  await using writer = createPartWriter(deps, scope, begun, live.id);
  const accept = createAccept(deps, scope, { begun, rules, writer, checksum });
  try {
    for await (const { chunk } of arrivals) {
      if (chunk) await accept(chunk);
      else if (!checksum) await writer.commit();
      if (!checksum && writer.pendingBytes >= deps.limits.partBytes) await writer.commit();
    }
    // A reset stream can look like a complete one.
    if (checksum) signal.throwIfAborted();
    checksum?.verify();
  } catch (error) {
    if (!checksum && !hasReason(error, ErrorReason.UPLOAD_OFFSET_MISMATCH)) await writer.commit();
    throw isCallEnd(signal) ? callEnded() : error;
  }
  await writer.commit();
  return writer.upload;
}

type Accepting = {
  readonly begun: UploadRow;
  readonly rules: UploadRules;
  readonly writer: PartWriter;
  readonly checksum: Checksum | undefined;
};

/** Accepts one chunk, within the length, the quota and the rules of the upload. */
function createAccept(deps: UploadDeps, scope: Scope, { begun: upload, rules, writer, checksum }: Accepting) {
  const totalMax = upload.lengthBytes ?? rules.fileBytesMax;
  const cover = createCover(deps, scope, upload);
  // The type is known early only if the first call has enough bytes; the end of the upload decides in any case.
  const start = upload.offsetBytes === 0 && upload.kind === "whole" ? createContentStart() : undefined;
  let isChecked = start === undefined;
  return async (chunk: Uint8Array): Promise<void> => {
    const totalBytes = writer.upload.offsetBytes + writer.pendingBytes + chunk.length;
    if (upload.state === "finished" || totalBytes > totalMax) throw lengthExceeded(totalMax);
    start?.add(chunk);
    if (!isChecked && start?.isWhole()) {
      isChecked = true;
      rules.requireContent(upload, await start.detect());
    }
    await cover(totalBytes);
    checksum?.add(chunk);
    await writer.write(chunk);
  };
}

/** Reserves quota for an upload of unknown length while it grows. Throws quotaExceeded. */
function createCover({ db, limits }: UploadDeps, scope: Scope, upload: UploadRow) {
  // What is beyond the offset may have been taken for others meanwhile.
  let heldBytes = upload.lengthBytes ?? upload.offsetBytes;
  return async (totalBytes: number): Promise<void> => {
    if (totalBytes <= heldBytes) return;
    const wantedBytes = Math.max(totalBytes, heldBytes + limits.reservationStepBytes);
    heldBytes = await db.transaction(async (tx) => {
      await lockUpload(tx, scope, upload.uploadId);
      return reserveAhead(tx, upload, { totalBytes, wantedBytes });
    });
  };
}

const isCallEnd = (signal: AbortSignal): boolean => signal.aborted;

const callEnded = () => new ConnectError("the call has ended", Code.Canceled);
