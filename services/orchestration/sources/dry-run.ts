import type { Db } from "../../lib/database/database.ts";

/** Runs a transaction's work and rolls it back, so that constraints are checked and nothing is kept. */
export async function dryRun<T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> {
  let done: { readonly result: T } | undefined;
  const rollback = new Error("a dry run is rolled back");
  try {
    await db.transaction(async (tx) => {
      done = { result: await work(tx) };
      throw rollback;
    });
  } catch (error) {
    if (error !== rollback || !done) throw error;
  }
  if (!done) throw new Error("a dry run did nothing");
  return done.result;
}
