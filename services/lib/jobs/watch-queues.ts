import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import type { PgBoss } from "pg-boss";

/** Looks after the queues of a service until it is disposed. */
export type QueueWatch = AsyncDisposable & {
  /** Has it look now: jobs were added, or one has ended. */
  wake(): void;
};

type Options = {
  readonly boss: PgBoss;
  readonly pool: pg.Pool;
  readonly schema: string;
  /** Takes what fails because of the database. */
  readonly report: (error: unknown) => void;
  /** Called again and again while there are jobs that wait or run. */
  readonly onPending: () => void;
};

/** Pause between two looks while there are jobs that wait or run, in milliseconds. */
const pendingMs = 500;
/** Pause while there are none: notifications tell of new jobs, and this bounds how long a lost one is missed. */
const restMs = 5000;
const failedMs = 1000;
/** How often jobs are looked for whose worker is dead, while there are jobs; old jobs are deleted otherwise, too. */
const superviseMs = 1000;
const superviseAtRestMs = 600_000;

/**
 * Has workers look for jobs while there are any: one that failed waits for its time, and one whose worker died for its
 * claim to get stale. A service without jobs asks its database one question each five seconds.
 */
export function watchQueues({ boss, pool, schema, report, onPending }: Options): QueueWatch {
  const stop = new AbortController();
  let bell = Promise.withResolvers<void>();
  let supervisedMs = 0;

  async function look(): Promise<number> {
    const hasJobs = await hasPendingJobs(pool, schema);
    const nowMs = performance.now();
    if (nowMs - supervisedMs >= (hasJobs ? superviseMs : superviseAtRestMs)) {
      supervisedMs = nowMs;
      await boss.supervise();
    }
    if (hasJobs) onPending();
    return hasJobs ? pendingMs : restMs;
  }

  async function watch(): Promise<void> {
    while (!stop.signal.aborted) {
      bell = Promise.withResolvers();
      const pauseMs = await look().catch((error: unknown) => {
        report(error);
        return failedMs;
      });
      await beforeBell(pauseMs, bell.promise, stop.signal);
    }
  }

  const watching = watch();
  return {
    wake: () => bell.resolve(),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await watching;
    },
  };
}

async function hasPendingJobs(pool: pg.Pool, schema: string): Promise<boolean> {
  const { rows } = await pool.query(
    `select exists (select from ${schema}.job where state < 'completed') as pending`,
  );
  return rows[0]?.pending === true;
}

/** Pauses until the time is over, the bell is rung, or the signal aborts. */
async function beforeBell(pauseMs: number, bell: Promise<void>, stop: AbortSignal): Promise<void> {
  const rung = new AbortController();
  const signal = AbortSignal.any([stop, rung.signal]);
  const pause = sleep(pauseMs, undefined, { signal }).catch(() => {});
  await Promise.race([pause, bell]);
  rung.abort();
}
