import { type SQL, sql } from "drizzle-orm";
import type { CollectionRow } from "../collection-repository.ts";
import type { Near } from "../nearness.ts";

type Measured = Pick<CollectionRow, "metric">;

/** Distance of a row's embedding from the query, which is the only row of `given`: sent and parsed once. */
export const distanceFrom = ({ metric }: Measured): SQL =>
  sql`embedding ${sql.raw(metric === "l2" ? "<->" : "<#>")} (select embedding from given)`;

export const nearOf = ({ metric }: Measured, vectorId: string, distance: number): Near => ({
  vectorId,
  nearness: metric === "l2" ? -(distance * distance) : -distance,
});

/**
 * Whether sorted results of an index have the nearest `k` in the right order: the index ends its search early where few vectors
 * match, and gives equally near ones in any order.
 */
export function isComplete(
  found: readonly Near[],
  { k, limit, vectorCount }: { readonly k: number; readonly limit: number; readonly vectorCount: number },
): boolean {
  if (found.length < Math.min(k, vectorCount)) return false;
  const endsInTie = found.length === limit && found.at(k - 1)?.nearness === found.at(-1)?.nearness;
  return !endsInTie;
}
