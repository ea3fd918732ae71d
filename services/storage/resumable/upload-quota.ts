import type { Db } from "../../lib/database/database.ts";
import type { Held, QuotaOwner } from "../quota/amount.ts";
import { deleteReservation, insertReservation } from "../quota/reservation-repository.ts";
import { release, reserve } from "../quota/reserve.ts";
import type { UploadRow } from "./upload-repository.ts";

// The quota of a resumable upload is a reservation under the upload's id. It has no heartbeat, because the upload outlives
// processes: it ends with the upload. Every transaction locks the upload's row first, and the quota last.

type Reserving = QuotaOwner & Pick<UploadRow, "uploadId" | "kind">;

/** Parts of a file count as bytes only: the file that is made of them is one. */
const filesOf = ({ kind }: Pick<UploadRow, "kind">): number => (kind === "partial" ? 0 : 1);

/** Reserves quota for a new upload. Throws quotaExceeded. */
export async function reserveNew(tx: Db, upload: Reserving, totalBytes: number): Promise<void> {
  await insertReservation(tx, upload, upload.uploadId, { lasts: true });
  await reserveTotal(tx, upload, totalBytes);
}

/** Makes the reservation of an upload hold exactly this. Throws quotaExceeded. */
export async function reserveTotal(tx: Db, upload: Reserving, totalBytes: number): Promise<void> {
  await reserveAhead(tx, upload, { totalBytes, wantedBytes: totalBytes });
}

/** As `reserveTotal`, and more in advance if there is room. Returns the bytes that it holds. */
export const reserveAhead = (
  tx: Db,
  upload: Reserving,
  need: { readonly totalBytes: number; readonly wantedBytes: number },
): Promise<number> => reserve(tx, upload, upload.uploadId, { ...need, files: filesOf(upload) });

/** Releases the quota of an upload. */
export const releaseUpload = (tx: Db, { orgId, uploadId }: Pick<UploadRow, "orgId" | "uploadId">) =>
  release(tx, { orgId, reservationId: uploadId });

/** Deletes the reservation of an upload that becomes a file, which holds nothing in advance. Returns what it held. */
export const takeReservation = (
  tx: Db,
  { orgId, uploadId }: Pick<UploadRow, "orgId" | "uploadId">,
): Promise<Held | undefined> => deleteReservation(tx, { orgId, reservationId: uploadId });
