import { and, asc, eq, inArray, lt, ne, type SQL, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { everywhere, ownerIn, within } from "../../lib/database/scope.ts";
import type { Amount, Held, QuotaOwner } from "./amount.ts";
import { reservations } from "./quota-schema.ts";
import type { UsageChange } from "./usage-repository.ts";

export type ReservationKey = { readonly orgId: string; readonly reservationId: string };

// What a reservation holds changes under the lock of the organisation's quota only. The transaction that commits a file
// deletes its reservation first, which holds nothing in advance any more.

const one = ({ orgId, reservationId }: ReservationKey) =>
  and(within(everywhere({ orgId }), reservations), eq(reservations.reservationId, reservationId));

/** One that lasts has no heartbeat: it outlives the process, and ends with what it is for. */
export async function insertReservation(
  db: Db,
  { orgId, namespace }: QuotaOwner,
  reservationId: string,
  { lasts = false } = {},
): Promise<void> {
  const owner = ownerIn(everywhere({ orgId }), namespace);
  const heartbeatTime = lasts ? sql`'infinity'` : sql`now()`;
  await db.insert(reservations).values({ reservationId, ...owner, heartbeatTime });
}

/** Locks a reservation, and returns what it holds; undefined if it is gone. */
export async function lockReservation(db: Db, key: ReservationKey): Promise<Held | undefined> {
  const [row] = await db.select().from(reservations).where(one(key)).for("update");
  return row && toHeld(row);
}

/** Adds to a reservation that is locked, which is its heartbeat, too. */
export async function growReservation(
  db: Db,
  key: ReservationKey,
  { bytes, files }: Amount,
  coveredBytes: number,
): Promise<void> {
  await db
    .update(reservations)
    .set({
      reservedBytes: sql`${reservations.reservedBytes} + ${bytes}`,
      reservedFiles: sql`${reservations.reservedFiles} + ${files}`,
      coveredBytes,
      heartbeatTime: sql`greatest(${reservations.heartbeatTime}, now())`,
    })
    .where(one(key));
}

/** Deletes a reservation. Returns what it held; undefined if it was gone. */
export const deleteReservation = (db: Db, key: ReservationKey): Promise<Held | undefined> =>
  deleteWhere(db, one(key));

/** Like `deleteReservation`, but only if the heartbeat is older than `lostMs`. */
export const deleteDeadReservation = (
  db: Db,
  key: ReservationKey,
  lostMs: number,
): Promise<Held | undefined> => deleteWhere(db, and(one(key), isDead(lostMs)));

async function deleteWhere(db: Db, where: SQL | undefined): Promise<Held | undefined> {
  const [row] = await db.delete(reservations).where(where).returning();
  return row && toHeld(row);
}

const toHeld = (row: typeof reservations.$inferSelect): Held => ({
  owner: { orgId: row.orgId, namespace: row.namespace },
  reserved: { bytes: row.reservedBytes, files: row.reservedFiles },
});

/**
 * Takes from the organisation's reservations, one excepted, what they hold beyond the covered bytes. Returns the changes of
 * the usage.
 */
export async function takeAdvances(
  tx: Db,
  orgId: string,
  exceptId: string | undefined,
): Promise<UsageChange[]> {
  const ahead = and(
    within(everywhere({ orgId }), reservations),
    sql`${reservations.reservedBytes} > ${reservations.coveredBytes}`,
    exceptId === undefined ? undefined : ne(reservations.reservationId, exceptId),
  );
  const rows = await tx
    .select()
    .from(reservations)
    .where(ahead)
    .orderBy(reservations.reservationId)
    .for("update");
  if (rows.length === 0) return [];
  await tx
    .update(reservations)
    .set({ reservedBytes: sql`${reservations.coveredBytes}` })
    .where(
      inArray(
        reservations.reservationId,
        rows.map(({ reservationId }) => reservationId),
      ),
    );
  return rows.map(({ namespace, reservedBytes, coveredBytes }) => ({
    namespace,
    reserved: { bytes: coveredBytes - reservedBytes, files: 0 },
  }));
}

// The functions below serve the collector, not a caller: they cover all organisations.

export function listDeadReservations(db: Db, lostMs: number): Promise<ReservationKey[]> {
  return db
    .select({ orgId: reservations.orgId, reservationId: reservations.reservationId })
    .from(reservations)
    .where(isDead(lostMs))
    .orderBy(asc(reservations.reservationId));
}

/**
 * Writes the heartbeat of these uploads, each in a transaction of its own: one that held several rows while it waits for
 * another could close a circle of locks with the quota's.
 */
export async function updateHeartbeats(db: Db, reservationIds: readonly string[]): Promise<void> {
  for (const reservationId of reservationIds) {
    await db
      .update(reservations)
      .set({ heartbeatTime: sql`now()` })
      .where(eq(reservations.reservationId, reservationId));
  }
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
