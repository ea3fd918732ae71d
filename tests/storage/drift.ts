import { drizzle } from "drizzle-orm/postgres-js";
import type postgres from "postgres";
import { recountAll } from "../../services/storage/quota/recount.ts";
import { type Drift, findDrifts, listOrgIds } from "../../services/storage/quota/recount-repository.ts";

/** What the usage counters of a database have too much or too little, by organisation: empty unless there is a defect. */
export async function driftsIn(sql: postgres.Sql): Promise<Record<string, Drift[]>> {
  const db = drizzle({ client: sql });
  const drifts: Record<string, Drift[]> = {};
  for await (const orgId of listOrgIds(db)) {
    const found = await findDrifts(db, orgId);
    if (found.length > 0) drifts[orgId] = found;
  }
  return drifts;
}

/** Corrects the counters after a test has changed rows of files by itself. */
export const correctUsage = (sql: postgres.Sql): Promise<void> =>
  recountAll(drizzle({ client: sql }), new AbortController().signal);

/** Fails if a counter of the usage is wrong. */
export async function refuseDrift(sql: postgres.Sql): Promise<void> {
  const drifts = await driftsIn(sql);
  if (Object.keys(drifts).length > 0) throw new Error(`the usage has drifted: ${JSON.stringify(drifts)}`);
}
