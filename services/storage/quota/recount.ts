import type { Db } from "../../lib/database/database.ts";
import { deleteOldEvents, insertEvents } from "./event-repository.ts";
import { correctDrift, type Drift, findDrifts, listOrgIds, setRecounted } from "./recount-repository.ts";
import { lockUsage } from "./usage-repository.ts";

/** Queue of the recount. */
export const recountQueue = "recount";

/** Compares every counter with the files, and corrects those that drifted. */
export async function recountAll(db: Db, signal: AbortSignal): Promise<void> {
  for await (const orgId of listOrgIds(db)) {
    signal.throwIfAborted();
    await recount(db, orgId);
  }
  await deleteOldEvents(db);
}

/** Counters are only locked for the count of files if they are wrong. */
async function recount(db: Db, orgId: string): Promise<void> {
  const isWrong = (await findDrifts(db, orgId)).length > 0;
  await db.transaction(async (tx) => {
    await lockUsage(tx, orgId, []);
    await setRecounted(tx, orgId);
    if (isWrong) await correct(tx, orgId, await findDrifts(tx, orgId));
  });
}

async function correct(tx: Db, orgId: string, drifts: readonly Drift[]): Promise<void> {
  // Creates the rows of namespaces that have none.
  await lockUsage(
    tx,
    orgId,
    drifts.flatMap(({ namespace }) => namespace ?? []),
  );
  for (const drift of drifts) await correctDrift(tx, orgId, drift);
  await insertEvents(
    tx,
    orgId,
    drifts.map((drift) => ({ ...drift, kind: "drift" as const })),
  );
}
