import { connectPostgres } from "../../lib/postgres-client.ts";

/** How often the lock is taken again, should its connection have been lost. */
const renewEveryMs = 5000;

/** Begins the text whose hash is a process's lock. */
export const presenceLockPrefix = "sluice orchestration process ";

/**
 * Shows other processes that this one lives, until disposed: it holds a lock in the database that goes with its
 * connection, so a killed process is known to be dead at once and a slow one is not taken for dead.
 */
export async function announcePresence(url: string, processId: string): Promise<AsyncDisposable> {
  const sql = connectPostgres(url, { max: 1 });
  const lock = presenceLockPrefix + processId;
  const announce = async () => {
    await sql`select pg_try_advisory_lock(hashtextextended(${lock}, 0))`;
  };
  await announce();
  const timer = setInterval(() => void announce().catch(() => {}), renewEveryMs);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await sql.end({ timeout: 1 });
    },
  };
}
