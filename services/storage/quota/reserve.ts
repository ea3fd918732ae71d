import type { Db } from "../../lib/database/database.ts";
import { reservationLost } from "../errors.ts";
import { fits, freeOf, type Held, type QuotaOwner } from "./amount.ts";
import { quotaExceeded } from "./quota-exceeded.ts";
import { reclaim } from "./reclaim.ts";
import {
  deleteReservation,
  growReservation,
  insertReservation,
  lockReservation,
  type ReservationKey,
} from "./reservation-repository.ts";
import { allOf, negative } from "./usage.ts";
import { changeUsage, lockUsage } from "./usage-repository.ts";

/** Quota for one file. */
export type Need = {
  /** Bytes that have arrived, or were announced. */
  readonly totalBytes: number;
  /** Bytes to hold if there is room; what is beyond `totalBytes` can be taken for others. */
  readonly wantedBytes: number;
  /** Number of files. Default: 1; 0 for a part of one. */
  readonly files?: number;
};

/** Reserves quota for a new file. Returns the bytes that it holds. Throws quotaExceeded. */
export const beginReservation = (
  db: Db,
  owner: QuotaOwner,
  reservationId: string,
  totalBytes: number,
): Promise<number> =>
  db.transaction(async (tx) => {
    await insertReservation(tx, owner, reservationId);
    return reserve(tx, owner, reservationId, { totalBytes, wantedBytes: totalBytes });
  });

/**
 * Makes a reservation hold at least `totalBytes` and, if there is room, `wantedBytes`, which can be less than it held.
 * Returns the bytes that it holds. Throws quotaExceeded, reservationLost.
 */
export const changeReservation = (
  db: Db,
  owner: QuotaOwner,
  reservationId: string,
  need: Need,
): Promise<number> => db.transaction((tx) => reserve(tx, owner, reservationId, need));

/** `changeReservation` in the caller's transaction. */
export async function reserve(
  tx: Db,
  { orgId, namespace }: QuotaOwner,
  reservationId: string,
  { totalBytes, wantedBytes, files: wantedFiles = 1 }: Need,
): Promise<number> {
  const key = { orgId, reservationId };
  const lock = async () => allOf(await lockUsage(tx, orgId, [namespace]));
  let usages = await lock();
  const held = await lockReservation(tx, key);
  if (!held) throw reservationLost();
  const { bytes, files } = held.reserved;
  const missing = { bytes: Math.max(totalBytes - bytes, 0), files: wantedFiles - files };
  const refusing = () =>
    missing.bytes + missing.files > 0 ? usages.find((usage) => !fits(usage, missing)) : undefined;
  if (refusing()) {
    await reclaim(tx, orgId, reservationId);
    usages = await lock();
  }
  const refused = refusing();
  if (refused) throw quotaExceeded(refused, { bytes: totalBytes, files: wantedFiles });
  const freeBytes = Math.max(Math.min(...usages.map((usage) => freeOf(usage).bytes)), 0);
  const added = { bytes: Math.min(wantedBytes - bytes, freeBytes), files: missing.files };
  await changeUsage(tx, orgId, [{ namespace, reserved: added }]);
  await growReservation(tx, key, added, totalBytes);
  return bytes + added.bytes;
}

/** Frees what a reservation holds. One that is gone is no error. */
export const releaseReservation = (
  db: Db,
  key: ReservationKey,
  deleteOne: (tx: Db) => Promise<Held | undefined> = (tx) => deleteReservation(tx, key),
): Promise<void> => db.transaction((tx) => release(tx, key, deleteOne));

/** `releaseReservation` in the caller's transaction, after all its other locks. */
export async function release(
  tx: Db,
  key: ReservationKey,
  deleteOne: (tx: Db) => Promise<Held | undefined> = (within) => deleteReservation(within, key),
): Promise<void> {
  await lockUsage(tx, key.orgId, []);
  const held = await deleteOne(tx);
  if (!held) return;
  const { namespace } = held.owner;
  await changeUsage(tx, key.orgId, [{ namespace, reserved: negative(held.reserved) }]);
}
