import {
  deleteBlob,
  insertUnknownBlobs,
  isUsed,
  listUnusedBlobs,
  lockUnusedBlob,
} from "../blob-repository.ts";
import type { StorageDeps } from "../deps.ts";
import { updateUsage } from "../quota-repository.ts";
import { deleteDeadReservation, listDeadReservations, listReservations } from "../reservation-repository.ts";

export type CollectDeps = Pick<StorageDeps, "db" | "blobs" | "reservations" | "limits">;

/** Removes what dead uploads have left and what no file has used for the grace period. */
export async function collect(deps: CollectDeps): Promise<void> {
  // A database that was away has missed the heartbeats of the living, too.
  await deps.reservations.beat();
  await releaseDeadReservations(deps);
  await deleteDeadTemporaries(deps);
  await deleteUnusedBlobs(deps);
}

/** Makes bytes known to the database that it has no row of, so that they are collected when nobody comes to use them. */
export async function searchUnknownBlobs({ db, blobs }: CollectDeps): Promise<void> {
  for await (const sha256s of blobs.list()) await insertUnknownBlobs(db, sha256s);
}

async function releaseDeadReservations({ db, limits }: CollectDeps): Promise<void> {
  for (const key of await listDeadReservations(db, limits.heartbeatLostMs)) {
    await db.transaction(async (tx) => {
      const heldBytes = await deleteDeadReservation(tx, key, limits.heartbeatLostMs);
      if (heldBytes) await updateUsage(tx, key, { reservedBytes: -heldBytes });
    });
  }
}

/** A temporary is made after its reservation and named by it: one without has no upload that could still publish it. */
async function deleteDeadTemporaries({ db, blobs, limits }: CollectDeps): Promise<void> {
  const ids = await blobs.listTemporaries();
  const live = await listReservations(db, ids);
  for (const id of ids) if (!live.has(id)) await blobs.deleteTemporary(id);
  await blobs.deleteOldSmall(limits.heartbeatLostMs);
}

async function deleteUnusedBlobs({ db, blobs, limits }: CollectDeps): Promise<void> {
  for (const sha256 of await listUnusedBlobs(db, limits.graceMs)) {
    // The lock is held from the first look to the end: an upload of the same content waits here or has touched the row.
    await db.transaction(async (tx) => {
      if (!(await lockUnusedBlob(tx, sha256, limits.graceMs))) return;
      // Asked again when it is out of reach: had the lock been lost with its connection, this would fail.
      await blobs.delete(sha256, () => isUsed(tx, sha256));
      await deleteBlob(tx, sha256);
    });
  }
}
