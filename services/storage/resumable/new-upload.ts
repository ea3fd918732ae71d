import type { ResumableUpload } from "../../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { Limits } from "../limits.ts";
import { uploadsTooMany } from "./errors.ts";
import { countOpen, type NewUpload } from "./upload-repository.ts";

/** The row of an upload that a request describes. */
export const newUploadOf = (uploadId: string, given: ResumableUpload): Omit<NewUpload, "kind"> => ({
  uploadId,
  name: given.name || uploadId,
  contentType: given.contentType,
  metadata: given.metadata,
  namespace: given.namespace,
  sha256: given.sha256 || null,
  lengthBytes: given.lengthBytes === undefined ? null : Number(given.lengthBytes),
});

/**
 * Throws uploadsTooMany if the organisation has more unfinished uploads than it may have, the new one included. Exact under
 * the lock of the quota, which the transaction has to hold.
 */
export async function requireRoom(
  tx: Db,
  scope: Scope,
  { resumableUploadsMax }: Pick<Limits, "resumableUploadsMax">,
): Promise<void> {
  if ((await countOpen(tx, scope)) > resumableUploadsMax) throw uploadsTooMany(resumableUploadsMax);
}
