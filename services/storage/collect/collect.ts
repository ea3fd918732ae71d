import {
  deleteBlob,
  insertUnknownBlobs,
  isUsed,
  listUnusedBlobs,
  lockUnusedBlob,
} from "../blob-repository.ts";
import {
  deleteDeadReservation,
  listDeadReservations,
  listReservations,
} from "../quota/reservation-repository.ts";
import { releaseReservation } from "../quota/reserve.ts";
import { removeExpired } from "../resumable/remove-uploads.ts";
import { deleteExpiredUrls } from "../sign/signed-url-repository.ts";
import { purgeFiles } from "../trash/purge-files.ts";
import { lockSomeExpired } from "../trash/trash-repository.ts";
import type { UploadDeps } from "../upload/upload-deps.ts";

export type CollectDeps = Pick<UploadDeps, "db" | "objects" | "reservations" | "limits">;

/** Deletes the remains of dead and expired uploads, and objects that no file has used for the grace period. */
export async function collect(deps: CollectDeps): Promise<void> {
  // During an outage of the database, live uploads have missed their heartbeats too.
  await deps.reservations.beat();
  await releaseDeadReservations(deps);
  await removeExpired(deps);
  await deleteDeadUploads(deps);
  await purgeExpired(deps);
  await deleteUnusedBlobs(deps);
  await deleteExpiredUrls(deps.db, deps.limits.expiredUrlMs);
}

/** Inserts rows for objects without one, so that they are collected if no file uses them. */
export async function searchUnknownBlobs({ db, objects }: CollectDeps): Promise<void> {
  for await (const keys of objects.list()) await insertUnknownBlobs(db, keys);
}

async function releaseDeadReservations({ db, limits }: CollectDeps): Promise<void> {
  for (const key of await listDeadReservations(db, limits.heartbeatLostMs)) {
    await releaseReservation(db, key, (tx) => deleteDeadReservation(tx, key, limits.heartbeatLostMs));
  }
}

/** An upload starts after its reservation and has the same id. Without a reservation it can never be published. */
async function deleteDeadUploads({ db, objects, limits }: CollectDeps): Promise<void> {
  const ids = await objects.listUploads();
  const live = await listReservations(db, ids);
  for (const id of ids) if (!live.has(id)) await objects.deleteUpload(id);
  await objects.deleteRemains(limits.heartbeatLostMs);
}

/** Removes the files whose time in the trash is over, a part in each transaction. */
async function purgeExpired({ db }: CollectDeps): Promise<void> {
  const purgeSome = () =>
    db.transaction(async (tx) => {
      const rows = await lockSomeExpired(tx);
      const [first] = rows;
      if (first) await purgeFiles(tx, { orgId: first.orgId }, rows);
      return rows.length;
    });
  while ((await purgeSome()) > 0);
}

async function deleteUnusedBlobs({ db, objects, limits }: CollectDeps): Promise<void> {
  for (const key of await listUnusedBlobs(db, limits.graceMs)) {
    // The lock is held from the check to the deletion: an upload of the same content waits for it or has touched the row.
    await db.transaction(async (tx) => {
      if (!(await lockUnusedBlob(tx, key, limits.graceMs))) return;
      // Checked again once the object is invisible: the query fails if the lock was lost with its connection.
      await objects.delete(key, () => isUsed(tx, key));
      await deleteBlob(tx, key);
    });
  }
}
