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

/** Quota that a running upload holds. Disposing it releases the quota unless it was settled. */
export type Reservation = AsyncDisposable & {
  readonly id: string;
  /** Grows the reservation to at least `totalBytes`. Throws quotaExceeded. */
  cover(totalBytes: number): Promise<void>;
  /** Deletes the reservation in the transaction that commits its file. Returns the bytes that it held. */
  take(tx: Db): Promise<number>;
  /** To be called after that transaction has committed: nothing is left to release. */
  settled(): void;
};

export type Reservations = AsyncDisposable & {
  /** Reserves quota for a new upload; `totalBytes` is 0 if its size is unknown. Throws quotaExceeded. */
  hold(owner: Owner, totalBytes: number): Promise<Reservation>;
  /** Writes the heartbeat of all uploads of this process. */
  beat(): Promise<void>;
};

type ReservationDeps = {
  readonly db: Db;
  readonly log: Logger;
  readonly limits: Pick<Limits, "reservationStepBytes" | "heartbeatMs">;
};

/** The reservations of this process, with a heartbeat until they are disposed. */
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
 * Reserves as much of `wantedBytes` as the quota has left, and returns how much. Every transaction locks the reservation's
 * row before the quota's, which rules out deadlocks.
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
