import postgres from "postgres";
import { connectPostgres } from "../../lib/database/postgres-client.ts";

/** How often the lock is taken again, should its connection have been lost. */
const renewEveryMs = 5000;
/** How long a lock is waited for: the database notices soon that a process which held it is gone. */
const waitMs = 3000;
const lockNotAvailable = "55P03";

/** Somebody else has the lock. */
export class LockTakenError extends Error {
  override name = "LockTakenError";
}

/** Holds a lock in the database until disposed; it goes with this process's connection. Throws LockTakenError. */
export async function holdLock(url: string, name: string): Promise<AsyncDisposable> {
  const sql = connectPostgres(url, {
    max: 1,
    // The driver would end the connection when it has grown old, and the lock with it.
    max_lifetime: 0,
    connection: { lock_timeout: waitMs },
  });
  const take = async () => {
    await sql`select pg_advisory_lock(hashtextextended(${name}, 0))`;
  };
  try {
    await take();
  } catch (error) {
    await sql.end({ timeout: 0 });
    const taken = error instanceof postgres.PostgresError && error.code === lockNotAvailable;
    throw taken ? new LockTakenError(`the lock ${name} is taken`) : error;
  }
  const timer = setInterval(() => void take().catch(() => {}), renewEveryMs);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await sql.end({ timeout: 1 });
    },
  };
}
