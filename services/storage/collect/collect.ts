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

export type CollectDeps = Pick<StorageDeps, "db" | "objects" | "reservations" | "limits">;

/** Deletes the remains of dead uploads, and objects that no file has used for the grace period. */
export async function collect(deps: CollectDeps): Promise<void> {
  // During an outage of the database, live uploads have missed their heartbeats too.
  await deps.reservations.beat();
  await releaseDeadReservations(deps);
  await deleteDeadUploads(deps);
  await deleteUnusedBlobs(deps);
}

/** Inserts rows for objects without one, so that they are collected if no file uses them. */
export async function searchUnknownBlobs({ db, objects }: CollectDeps): Promise<void> {
  for await (const sha256s of objects.list()) await insertUnknownBlobs(db, sha256s);
}

async function releaseDeadReservations({ db, limits }: CollectDeps): Promise<void> {
  for (const key of await listDeadReservations(db, limits.heartbeatLostMs)) {
    await db.transaction(async (tx) => {
      const heldBytes = await deleteDeadReservation(tx, key, limits.heartbeatLostMs);
      if (heldBytes) await updateUsage(tx, key, { reservedBytes: -heldBytes });
    });
  }
}

/** An upload starts after its reservation and has the same id. Without a reservation it can never be published. */
async function deleteDeadUploads({ db, objects, limits }: CollectDeps): Promise<void> {
  const ids = await objects.listUploads();
  const live = await listReservations(db, ids);
  for (const id of ids) if (!live.has(id)) await objects.deleteUpload(id);
  await objects.deleteRemains(limits.heartbeatLostMs);
}

async function deleteUnusedBlobs({ db, objects, limits }: CollectDeps): Promise<void> {
  for (const sha256 of await listUnusedBlobs(db, limits.graceMs)) {
    // The lock is held from the check to the deletion: an upload of the same content waits for it or has touched the row.
    await db.transaction(async (tx) => {
      if (!(await lockUnusedBlob(tx, sha256, limits.graceMs))) return;
      // Checked again once the object is invisible: the query fails if the lock was lost with its connection.
      await objects.delete(sha256, () => isUsed(tx, sha256));
      await deleteBlob(tx, sha256);
    });
  }
}
