import { sql } from "drizzle-orm";
import pg from "pg";
import { fromDrizzle, PgBoss, type QueuePolicy } from "pg-boss";
import type { Database, Db } from "../database/database.ts";
import { withTrace } from "../telemetry/job-trace.ts";
import type { Logger } from "../telemetry/log.ts";
import { addPool } from "../telemetry/pool-metrics.ts";
import { addQueues } from "../telemetry/queue-metrics.ts";
import { newId } from "../values/ids.ts";
import { countJobs } from "./count-jobs.ts";
import { startWorker, type Worker } from "./job-worker.ts";
import { type QueueWatch, watchQueues } from "./watch-queues.ts";

/** Job queues of a service. A job runs at least once, in any process of the service. */
export type Jobs = AsyncDisposable & {
  /**
   * Adds a job within the caller's transaction. With a `key` (letters, digits, `_`, `-`, `.`, `/`), nothing is added
   * while another job of the queue with that key waits or runs.
   */
  enqueue(tx: Db, queue: string, data: object, options?: { key?: string }): Promise<void>;
  /**
   * Runs the queue's jobs, up to `concurrency` at a time, until disposed, which waits up to 10 seconds for running
   * jobs. A job whose handler throws is retried with a backoff from one second to half a minute; one whose process
   * died within 15 seconds. A handler may therefore run twice, even concurrently: its writes need a fencing token.
   * `signal` aborts on disposal and when another worker has claimed the job.
   */
  work<Data extends object>(
    queue: string,
    options: { concurrency: number },
    handler: (data: Data, signal: AbortSignal) => Promise<void>,
  ): Promise<Worker>;
};

/** Connections of one service's pool for its queues. */
const connectionsMax = 4;
const connectTimeoutMs = 5_000;
/** Minimum interval between two logged failures of the database, in milliseconds. */
const logEveryMs = 10_000;

/** Retries are unlimited: only the handler knows which failure is final. */
const queueOptions = {
  policy: "exclusive" satisfies QueuePolicy as QueuePolicy,
  retryLimit: 2_000_000_000,
  retryDelay: 0,
  retentionSeconds: 10 * 365 * 24 * 3600,
  expireInSeconds: 23 * 3600,
  deleteAfterSeconds: 3600,
  // pg-boss's minimum.
  heartbeatSeconds: 10,
};

/** Opens the job queues of a service, in a schema `<service>_jobs` of its own. */
export async function openJobs(options: {
  url: string;
  service: string;
  log: Logger;
  listen: Database["listen"];
}): Promise<Jobs> {
  const schema = `${options.service}_jobs`;
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: `sluice ${options.service} jobs`,
    max: connectionsMax,
    connectionTimeoutMillis: connectTimeoutMs,
  });
  const boss = new PgBoss({
    db: { executeSql: (text, values) => pool.query(text, values) },
    schema,
    schedule: false,
    supervise: false,
    monitorIntervalSeconds: 1,
    maintenanceIntervalSeconds: 600,
  });
  // Lost connections are reported. Unhandled, the event would end the process.
  const report = reporter(options.log);
  pool.on("error", report);
  boss.on("error", report);
  const close = async () => {
    await boss.stop({ graceful: false });
    await pool.end();
  };
  try {
    await boss.start();
  } catch (error) {
    await close();
    throw error;
  }
  using stack = new DisposableStack();
  stack.use(addQueues(options.service, () => countJobs(pool, schema)));
  stack.use(addPool({ service: options.service, pool: "jobs" }, () => useOf(pool)));
  const observed = stack.move();
  const workers = new Set<{ queue: string; worker: Worker }>();
  const wake = (queue?: string) => {
    for (const known of workers) if (queue === undefined || known.queue === queue) known.worker.wake();
  };
  let watch: QueueWatch | undefined;
  const listening = remembered((channel) =>
    options.listen(channel, (queue) => {
      wake(queue);
      watch?.wake();
    }),
  );
  const queueReady = remembered((queue) => boss.createQueue(queue, queueOptions));
  return {
    async enqueue(tx, queue, data, { key = newId() } = {}) {
      await queueReady(queue);
      await boss.send(queue, withTrace(data), { singletonKey: key, db: fromDrizzle(tx, sql) });
      await tx.execute(sql`select pg_notify(${schema}, ${queue})`);
    },
    async work(queue, { concurrency }, handler) {
      await queueReady(queue);
      await listening(schema);
      const worker = startWorker(
        { boss, pool, service: options.service, schema, queue, concurrency, log: options.log, report },
        handler,
      );
      workers.add({ queue, worker });
      watch ??= watchQueues({ boss, pool, schema, report, onPending: () => wake() });
      return worker;
    },
    async [Symbol.asyncDispose]() {
      observed.dispose();
      await watch?.[Symbol.asyncDispose]();
      await Promise.all([...workers].map(({ worker }) => worker[Symbol.asyncDispose]()));
      await close();
    },
  };
}

const useOf = ({ totalCount, idleCount, waitingCount }: pg.Pool) => ({
  max: connectionsMax,
  used: totalCount - idleCount,
  waiting: waitingCount,
});

/** Memoizes the work by name. A failure is not remembered. */
function remembered(work: (name: string) => Promise<void>): (name: string) => Promise<void> {
  const done = new Map<string, Promise<void>>();
  return (name) => {
    const known = done.get(name);
    if (known) return known;
    const doing = work(name);
    done.set(name, doing);
    doing.catch(() => done.delete(name));
    return doing;
  };
}

function reporter(log: Logger): (error: unknown) => void {
  let silentUntilMs = 0;
  return (error) => {
    if (Date.now() < silentUntilMs) return;
    silentUntilMs = Date.now() + logEveryMs;
    log.warn({ err: error }, "the job queues' database fails; they go on when it is back");
  };
}
