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

/** Adds to a reservation. Returns false if it is gone. */
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

/** Deletes a reservation. Returns the bytes that it held; undefined if it was gone. */
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

/** Like `deleteReservation`, but only if the heartbeat is older than `lostMs`. */
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

// The functions below serve the collector, not a caller: they cover all organisations.

export function listDeadReservations(db: Db, lostMs: number): Promise<ReservationKey[]> {
  return db
    .select({ orgId: reservations.orgId, reservationId: reservations.reservationId })
    .from(reservations)
    .where(isDead(lostMs))
    .orderBy(asc(reservations.reservationId));
}

/** Writes the heartbeat of these uploads. */
export async function updateHeartbeats(db: Db, reservationIds: readonly string[]): Promise<void> {
  await db
    .update(reservations)
    .set({ heartbeatTime: sql`now()` })
    .where(inArray(reservations.reservationId, [...reservationIds]));
}

/** The subset of the ids that are reservations. */
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
