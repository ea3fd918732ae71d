import postgres from "postgres";
import { connectPostgres } from "../../lib/database/postgres-client.ts";

/** How often the lock is taken again, in milliseconds, in case its connection was lost. */
const renewEveryMs = 5000;
/** Longest wait for a lock, in milliseconds. The database releases the lock of a dead process within it. */
const waitMs = 3000;
const lockNotAvailable = "55P03";

/** Another process holds the lock. */
export class LockTakenError extends Error {
  override name = "LockTakenError";
}

/** Holds an advisory lock until disposed. The lock ends with this process's connection. Throws LockTakenError. */
export async function holdLock(url: string, name: string): Promise<AsyncDisposable> {
  const sql = connectPostgres(url, {
    max: 1,
    // The driver closes connections of a certain age, which would release the lock.
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
