import type { Db } from "../../lib/database/database.ts";
import { outsideCalls } from "../../lib/rpc/call.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import { newId } from "../../lib/values/ids.ts";
import { quotaExceeded, reservationLost } from "../errors.ts";
import type { Limits } from "../limits.ts";
import { lockQuota, type Owner, updateUsage } from "../quota-repository.ts";
import {
  deleteReservation,
  insertReservation,
  updateHeartbeats,
  updateReservation,
} from "../reservation-repository.ts";

/** The quota that a running upload holds. Disposing it gives back what was not settled. */
export type Reservation = AsyncDisposable & {
  readonly id: string;
  /** Sees to it that so many bytes in all are reserved. Throws quotaExceeded. */
  cover(totalBytes: number): Promise<void>;
  /** Ends the reservation within the transaction that commits its file; answers how many bytes it held. */
  take(tx: Db): Promise<number>;
  /** Says that this transaction has committed: nothing is left to give back. */
  settled(): void;
};

export type Reservations = AsyncDisposable & {
  /** Begins an upload; `totalBytes` is 0 when its size is not known. Throws quotaExceeded. */
  hold(owner: Owner, totalBytes: number): Promise<Reservation>;
  /** Says that this process's uploads are alive. */
  beat(): Promise<void>;
};

type ReservationDeps = {
  readonly db: Db;
  readonly log: Logger;
  readonly limits: Pick<Limits, "reservationStepBytes" | "heartbeatMs">;
};

/** The reservations of this process, kept alive until they are disposed. */
export function createReservations(deps: ReservationDeps): Reservations {
  const { db, log, limits } = deps;
  const live = new Set<string>();
  const beat = async () => {
    if (live.size > 0) await updateHeartbeats(db, [...live]);
  };
  const timer = setInterval(() => {
    beat().catch((error) => log.warn({ err: error }, "the running uploads' heartbeat failed"));
  }, limits.heartbeatMs);
  return {
    beat,
    async hold(owner, totalBytes) {
      const id = newId();
      live.add(id);
      try {
        const heldBytes = await begin(deps, owner, id, totalBytes);
        return reservationOf(deps, owner, id, heldBytes, () => live.delete(id));
      } catch (error) {
        live.delete(id);
        throw error;
      }
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
    },
  };
}

function begin({ db }: ReservationDeps, owner: Owner, id: string, totalBytes: number): Promise<number> {
  return db.transaction(async (tx) => {
    await insertReservation(tx, owner, id);
    return reserve(tx, owner, id, { missingBytes: totalBytes, wantedBytes: totalBytes, totalBytes });
  });
}

function reservationOf(
  { db, log, limits }: ReservationDeps,
  owner: Owner,
  id: string,
  initialBytes: number,
  forget: () => void,
): Reservation {
  let heldBytes = initialBytes;
  let ended = false;
  return {
    id,
    async cover(totalBytes) {
      const missingBytes = totalBytes - heldBytes;
      if (missingBytes <= 0) return;
      const wantedBytes = Math.max(missingBytes, limits.reservationStepBytes);
      heldBytes += await db.transaction((tx) =>
        reserve(tx, owner, id, { missingBytes, wantedBytes, totalBytes }),
      );
    },
    async take(tx) {
      const takenBytes = await deleteReservation(tx, owner, id);
      if (takenBytes === undefined) throw reservationLost();
      return takenBytes;
    },
    settled() {
      ended = true;
    },
    async [Symbol.asyncDispose]() {
      forget();
      if (ended) return;
      try {
        await outsideCalls(() => release(db, owner, id));
      } catch (error) {
        log.warn({ err: error }, "an upload's reservation was not released: the collector will do it");
      }
    },
  };
}

/**
 * Reserves as much of `wantedBytes` as the quota has left; answers how much. The reservation's row is locked before
 * the quota's, here as everywhere, so that nobody waits in a circle.
 */
async function reserve(
  tx: Db,
  owner: Owner,
  id: string,
  {
    missingBytes,
    wantedBytes,
    totalBytes,
  }: { missingBytes: number; wantedBytes: number; totalBytes: number },
): Promise<number> {
  if (!(await updateReservation(tx, owner, id, 0))) throw reservationLost();
  const quota = await lockQuota(tx, owner);
  const freeBytes = quota.limitBytes - quota.usedBytes - quota.reservedBytes;
  if (freeBytes < missingBytes) throw quotaExceeded(quota, totalBytes);
  const grantedBytes = Math.min(wantedBytes, freeBytes);
  await updateReservation(tx, owner, id, grantedBytes);
  await updateUsage(tx, owner, { reservedBytes: grantedBytes });
  return grantedBytes;
}

function release(db: Db, owner: Owner, id: string): Promise<void> {
  return db.transaction(async (tx) => {
    const heldBytes = await deleteReservation(tx, owner, id);
    if (heldBytes) await updateUsage(tx, owner, { reservedBytes: -heldBytes });
  });
}
