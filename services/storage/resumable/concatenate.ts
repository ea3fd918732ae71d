import type { Db } from "../../lib/database/database.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { Limits } from "../limits.ts";
import type { UploadRules } from "../policy/upload-rules.ts";
import { partIncomplete, uploadGone, uploadNotFound } from "./errors.ts";
import { requireRoom } from "./new-upload.ts";
import { copyParts, countParts } from "./part-repository.ts";
import { releaseUpload, reserveNew } from "./upload-quota.ts";
import {
  insertUpload,
  lockUploads,
  type NewUpload,
  shortenExpiry,
  type UploadRow,
} from "./upload-repository.ts";

/** Parts of all uploads that are joined. The contract states it. */
const partsMax = 10_000;

type Concatenation = {
  readonly uploadIds: readonly string[];
  readonly upload: Omit<NewUpload, "kind">;
  readonly rules: UploadRules;
  readonly limits: Limits;
};

/**
 * Inserts an upload with the parts of partial ones, without copying bytes. The partial ones stay for a while, so that a
 * client without a response can repeat the call, but their quota moves to the new one. Throws uploadNotFound, uploadGone,
 * partIncomplete, quotaExceeded, uploadsTooMany, and the errors of the rules.
 */
export async function concatenate(
  tx: Db,
  scope: Scope,
  { uploadIds, upload, rules, limits }: Concatenation,
): Promise<UploadRow> {
  const byId = new Map((await lockUploads(tx, scope, uploadIds)).map((row) => [row.uploadId, row]));
  const partials = uploadIds.map((uploadId) => requirePartial(byId.get(uploadId), uploadId));
  const sizeBytes = partials.reduce((sum, { offsetBytes }) => sum + offsetBytes, 0);
  rules.requireAllowed(upload, sizeBytes);
  const { uploadId } = upload;
  const whole = { ...upload, kind: "concatenated" as const, lengthBytes: sizeBytes, offsetBytes: sizeBytes };
  const inserted = await insertUpload(tx, scope, whole, limits.resumableMs);
  // Their quota moves to the new one.
  for (const partial of byId.values()) await releaseUpload(tx, partial);
  await reserveNew(tx, inserted, sizeBytes);
  await requireRoom(tx, scope, limits);
  const counts = await countParts(tx, uploadIds);
  // An upload that is named twice has its parts twice.
  const partCount = uploadIds.reduce((sum, uploadId) => sum + (counts.get(uploadId) ?? 0), 0);
  if (partCount > partsMax) {
    const limit = `the uploads have ${partCount} parts; the limit is ${partsMax}: send fewer, larger requests`;
    throw invalidField("upload_ids", limit);
  }
  let startBytes = 0;
  for (const partial of partials) {
    await copyParts(tx, scope, { from: partial.uploadId, to: uploadId, startBytes });
    startBytes += partial.offsetBytes;
  }
  await shortenExpiry(tx, scope, uploadIds, limits.concatenatedMs);
  return inserted;
}

function requirePartial(row: UploadRow | undefined, uploadId: string): UploadRow {
  if (row?.kind !== "partial") throw uploadNotFound(uploadId);
  if (row.state === "gone") throw uploadGone(uploadId);
  if (row.state === "open") throw partIncomplete(uploadId);
  return row;
}
