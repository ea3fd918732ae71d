import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import type { PgBoss } from "pg-boss";

/** Polls the queues of a service until disposed. */
export type QueueWatch = AsyncDisposable & {
  /** Polls now: a job was added or has ended. */
  wake(): void;
};

type Options = {
  readonly boss: PgBoss;
  readonly pool: pg.Pool;
  readonly schema: string;
  /** Called with failures of the database. */
  readonly report: (error: unknown) => void;
  /** Called at each poll that finds waiting or running jobs. */
  readonly onPending: () => void;
};

/** Polling interval while jobs wait or run, in milliseconds. */
const pendingMs = 500;
/** Polling interval without jobs. New jobs are notified; this bounds the delay of a lost notification. */
const restMs = 5000;
const failedMs = 1000;
/** Interval of pg-boss's supervision, which finds jobs of dead workers and deletes old ones. */
const superviseMs = 1000;
const superviseAtRestMs = 600_000;

/**
 * Makes workers fetch while jobs exist: failed jobs wait for their backoff, those of dead workers for their claim to
 * expire. A service without jobs sends one query every five seconds.
 */
export function watchQueues({ boss, pool, schema, report, onPending }: Options): QueueWatch {
  const stop = new AbortController();
  let wakeUp = Promise.withResolvers<void>();
  let supervisedMs = 0;

  async function poll(): Promise<number> {
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
      wakeUp = Promise.withResolvers();
      const pauseMs = await poll().catch((error: unknown) => {
        report(error);
        return failedMs;
      });
      await pause(pauseMs, wakeUp.promise, stop.signal);
    }
  }

  const watching = watch();
  return {
    wake: () => wakeUp.resolve(),
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

/** Resolves after the interval, when `wake` is called, or when the signal aborts. */
async function pause(pauseMs: number, wakeUp: Promise<void>, stop: AbortSignal): Promise<void> {
  const ended = new AbortController();
  const signal = AbortSignal.any([stop, ended.signal]);
  const elapsed = sleep(pauseMs, undefined, { signal }).catch(() => {});
  await Promise.race([elapsed, wakeUp]);
  ended.abort();
}
