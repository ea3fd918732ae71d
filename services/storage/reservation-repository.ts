import { and, asc, eq, inArray, lt, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import type { Owner } from "./quota-repository.ts";
import { reservations } from "./schema.ts";

export type ReservationKey = { readonly orgId: string; readonly reservationId: string };

const one = (owner: Owner, reservationId: string) =>
  and(eq(reservations.orgId, owner.orgId), eq(reservations.reservationId, reservationId));

export async function insertReservation(db: Db, owner: Owner, reservationId: string): Promise<void> {
  await db.insert(reservations).values({ reservationId, orgId: owner.orgId });
}

/** Adds to a reservation; false when it is there no more. */
export async function updateReservation(
  db: Db,
  owner: Owner,
  reservationId: string,
  addedBytes: number,
): Promise<boolean> {
  const rows = await db
    .update(reservations)
    .set({ reservedBytes: sql`${reservations.reservedBytes} + ${addedBytes}`, heartbeatTime: sql`now()` })
    .where(one(owner, reservationId))
    .returning({ reservationId: reservations.reservationId });
  return rows.length > 0;
}

/** Removes a reservation; answers how much it held, or undefined when it is there no more. */
export async function deleteReservation(
  db: Db,
  owner: Owner,
  reservationId: string,
): Promise<number | undefined> {
  const [row] = await db
    .delete(reservations)
    .where(one(owner, reservationId))
    .returning({ reservedBytes: reservations.reservedBytes });
  return row?.reservedBytes;
}

/** As `deleteReservation`, for one whose heartbeat has been lost for so long. */
export async function deleteDeadReservation(
  db: Db,
  { orgId, reservationId }: ReservationKey,
  lostMs: number,
): Promise<number | undefined> {
  const [row] = await db
    .delete(reservations)
    .where(and(one({ orgId }, reservationId), isDead(lostMs)))
    .returning({ reservedBytes: reservations.reservedBytes });
  return row?.reservedBytes;
}

// What follows serves the process and not a caller: it looks at the uploads of every organisation.

export function listDeadReservations(db: Db, lostMs: number): Promise<ReservationKey[]> {
  return db
    .select({ orgId: reservations.orgId, reservationId: reservations.reservationId })
    .from(reservations)
    .where(isDead(lostMs))
    .orderBy(asc(reservations.reservationId));
}

/** Says that these uploads are alive. */
export async function updateHeartbeats(db: Db, reservationIds: readonly string[]): Promise<void> {
  await db
    .update(reservations)
    .set({ heartbeatTime: sql`now()` })
    .where(inArray(reservations.reservationId, [...reservationIds]));
}

/** Those of the ids that are reservations. */
export async function listReservations(db: Db, reservationIds: readonly string[]): Promise<Set<string>> {
  if (reservationIds.length === 0) return new Set();
  const rows = await db
    .select({ reservationId: reservations.reservationId })
    .from(reservations)
    .where(inArray(reservations.reservationId, [...reservationIds]));
  return new Set(rows.map(({ reservationId }) => reservationId));
}

const isDead = (lostMs: number) =>
  lt(reservations.heartbeatTime, sql`now() - ${lostMs} * interval '1 millisecond'`);
