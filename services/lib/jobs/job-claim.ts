import type pg from "pg";
import type { PgBoss } from "pg-boss";

/** One worker's claim on a job. The next claim has a higher retry count. */
export type Claim<Data> = { readonly id: string; readonly retryCount: number; readonly data: Data };

type Queue = {
  readonly boss: PgBoss;
  readonly pool: pg.Pool;
  readonly schema: string;
  readonly queue: string;
  readonly report: (error: unknown) => void;
};

/** Heartbeat interval. A claim expires after 10 seconds without one, so one may be missed. */
const renewEveryMs = 4_000;

/** Sends heartbeats until disposed. Calls `lost` when another worker has the job. */
export function keepClaim(queue: Queue, claim: Claim<unknown>, lost: () => void): Disposable {
  let renewing = false;
  const renew = async () => {
    if (renewing) return;
    renewing = true;
    try {
      const held = await whileHeld(queue, claim, (db) => queue.boss.touch(queue.queue, claim.id, { db }));
      if (!held) lost();
    } catch (error) {
      queue.report(error);
    } finally {
      renewing = false;
    }
  };
  const timer = setInterval(renew, renewEveryMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Ends the claim unless it is lost: pg-boss would settle the job although another worker has claimed it. */
export async function settleClaim(
  queue: Queue,
  { id, retryCount, data }: Claim<unknown>,
  outcome: "completed" | "failed",
  delaySeconds: number,
): Promise<void> {
  const { boss, queue: name } = queue;
  await whileHeld(queue, { id, retryCount, data }, async (db) => {
    if (outcome === "completed") {
      await boss.complete(name, id, undefined, { db });
      return;
    }
    await boss.fail(name, id, undefined, { db });
    await boss.update(name, undefined, { id, startAfter: delaySeconds, db });
  });
}

type BossDb = { executeSql(text: string, values?: unknown[]): Promise<pg.QueryResult> };

/** Runs `work` in a transaction that holds the claim. False if another worker has it already. */
async function whileHeld(
  { pool, schema, queue }: Queue,
  { id, retryCount }: Claim<unknown>,
  work: (db: BossDb) => Promise<unknown>,
): Promise<boolean> {
  const client = await pool.connect();
  let failure: unknown;
  // A connection that closes emits an error, too; the failed statement reports the same.
  const noted = (error: Error) => {
    failure = error;
  };
  client.on("error", noted);
  try {
    await client.query("begin");
    const { rowCount } = await client.query(
      `select from ${schema}.job where name = $1 and id = $2 and state = 'active' and retry_count = $3 for update`,
      [queue, id, retryCount],
    );
    if (rowCount === 1) await work({ executeSql: (text, values) => client.query(text, values) });
    await client.query("commit");
    return rowCount === 1;
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    client.off("error", noted);
    // Closing a failed connection rolls its transaction back.
    client.release(failure !== undefined);
  }
}
