import { and, desc, eq, notInArray, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { knownPlaces } from "../schema.ts";

/** How many are remembered of each user. */
const rememberedMax = 20;

/** Remembers that a user has logged in from a place, and forgets the oldest of too many. */
export async function insertPlace(tx: Db, userId: string, place: string): Promise<void> {
  await tx
    .insert(knownPlaces)
    .values({ userId, place })
    .onConflictDoUpdate({
      target: [knownPlaces.userId, knownPlaces.place],
      set: { loginTime: sql`now()` },
    });
  const newest = tx
    .select({ place: knownPlaces.place })
    .from(knownPlaces)
    .where(eq(knownPlaces.userId, userId))
    .orderBy(desc(knownPlaces.loginTime), desc(knownPlaces.place))
    .limit(rememberedMax);
  await tx
    .delete(knownPlaces)
    .where(and(eq(knownPlaces.userId, userId), notInArray(knownPlaces.place, newest)));
}
