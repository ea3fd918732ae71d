import type { Db } from "../../lib/database/database.ts";

/** Does the work of a transaction and takes it back: whatever would refuse the work refuses it. */
export async function dryRun<T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> {
  let done: { readonly result: T } | undefined;
  const takeBack = new Error("a dry run is taken back");
  try {
    await db.transaction(async (tx) => {
      done = { result: await work(tx) };
      throw takeBack;
    });
  } catch (error) {
    if (error !== takeBack || !done) throw error;
  }
  if (!done) throw new Error("a dry run did nothing");
  return done.result;
}
