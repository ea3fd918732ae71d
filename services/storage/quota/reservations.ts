import type { Db } from "../../lib/database/database.ts";
import { defaultNamespace } from "../../lib/database/scope.ts";
import { outsideCalls } from "../../lib/rpc/call.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import { newId } from "../../lib/values/ids.ts";
import { reservationLost } from "../errors.ts";
import type { Limits } from "../limits.ts";
import type { Held, QuotaOwner } from "./amount.ts";
import { deleteReservation, insertReservation, updateHeartbeats } from "./reservation-repository.ts";
import { beginReservation, changeReservation, releaseReservation } from "./reserve.ts";

/** Quota that a running upload holds. Disposing it releases the quota unless it was settled. */
export type Reservation = AsyncDisposable & {
  readonly id: string;
  /** Grows the reservation to at least `totalBytes`. Throws quotaExceeded, reservationLost. */
  cover(totalBytes: number): Promise<void>;
  /** Makes the reservation hold exactly this, the size of the content. To be called before `take`. Throws like `cover`. */
  complete(totalBytes: number): Promise<void>;
  /** Deletes the reservation in the transaction that commits its file. Returns what it held. Throws reservationLost. */
  take(tx: Db): Promise<Held>;
  /** To be called after that transaction has committed: nothing is left to release. */
  settled(): void;
};

export type Reservations = AsyncDisposable & {
  /** Reserves quota for a new upload; `totalBytes` is 0 if its size is unknown. Throws quotaExceeded. */
  hold(owner: QuotaOwner, totalBytes: number): Promise<Reservation>;
  /** Keeps an upload that replaces an object alive, without quota. */
  holdNothing(owner: Pick<QuotaOwner, "orgId">): Promise<Reservation>;
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
  const hold = async (owner: QuotaOwner, begun: (id: string) => Promise<number>): Promise<Reservation> => {
    const id = newId();
    live.add(id);
    try {
      return reservationOf(deps, owner, id, await begun(id), () => live.delete(id));
    } catch (error) {
      live.delete(id);
      throw error;
    }
  };
  const timer = setInterval(() => {
    beat().catch((error) => log.warn({ err: error }, "the running uploads' heartbeat failed"));
  }, limits.heartbeatMs);
  return {
    beat,
    hold: (owner, totalBytes) => hold(owner, (id) => beginReservation(db, owner, id, totalBytes)),
    holdNothing: ({ orgId }) => {
      const owner = { orgId, namespace: defaultNamespace };
      return hold(owner, async (id) => {
        await insertReservation(db, owner, id);
        return 0;
      });
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
    },
  };
}

function reservationOf(
  { db, log, limits }: ReservationDeps,
  owner: QuotaOwner,
  id: string,
  initialBytes: number,
  forget: () => void,
): Reservation {
  // Others may have taken what is beyond the covered bytes: `complete` finds out.
  let heldBytes = initialBytes;
  let coveredBytes = initialBytes;
  let ended = false;
  const change = async (totalBytes: number, wantedBytes: number) => {
    heldBytes = await changeReservation(db, owner, id, { totalBytes, wantedBytes });
    coveredBytes = totalBytes;
  };
  return {
    id,
    async cover(totalBytes) {
      if (totalBytes <= heldBytes) return;
      await change(totalBytes, Math.max(totalBytes, heldBytes + limits.reservationStepBytes));
    },
    async complete(totalBytes) {
      if (totalBytes === coveredBytes && totalBytes === heldBytes) return;
      await change(totalBytes, totalBytes);
    },
    async take(tx) {
      const held = await deleteReservation(tx, { orgId: owner.orgId, reservationId: id });
      if (!held) throw reservationLost();
      return held;
    },
    settled() {
      ended = true;
    },
    async [Symbol.asyncDispose]() {
      forget();
      if (ended) return;
      try {
        await outsideCalls(() => releaseReservation(db, { orgId: owner.orgId, reservationId: id }));
      } catch (error) {
        log.warn({ err: error }, "an upload's reservation was not released: the collector will do it");
      }
    },
  };
}
