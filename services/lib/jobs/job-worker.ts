import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import type { PgBoss } from "pg-boss";
import { observeJob, withoutTrace } from "../telemetry/job-trace.ts";
import type { Logger } from "../telemetry/log.ts";
import { type Claim, keepClaim, settleClaim } from "./job-claim.ts";

/** Runs jobs until disposed. */
export type Worker = AsyncDisposable & {
  /** Fetches jobs now. It also does at its start and after each job. */
  wake(): void;
};

export type Queue = {
  readonly boss: PgBoss;
  readonly pool: pg.Pool;
  /** Service that owns the queue. */
  readonly service: string;
  readonly schema: string;
  readonly queue: string;
  readonly concurrency: number;
  readonly log: Logger;
  /** Called with failures of the database. */
  readonly report: (error: unknown) => void;
};

/** Grace period of running jobs after a stop, in milliseconds. */
const stopMs = 10_000;
/** Upper bound of the backoff, which starts at a second and doubles. */
const retryDelaySecondsMax = 30;

type Handler<Data> = (data: Data, signal: AbortSignal) => Promise<void>;

export function startWorker<Data extends object>(queue: Queue, handler: Handler<Data>): Worker {
  const stop = new AbortController();
  const running = new Set<Promise<void>>();
  let wakeUp = Promise.withResolvers<void>();
  const wake = () => wakeUp.resolve();
  const loop = async () => {
    while (!stop.signal.aborted) {
      // Replaced before the fetch: a notification during the fetch may concern a job that it has missed.
      wakeUp = Promise.withResolvers();
      const free = queue.concurrency - running.size;
      const claims = free > 0 ? await claimJobs<Data>(queue, free) : [];
      for (const claim of claims) {
        const run = runJob(queue, claim, handler, stop.signal);
        running.add(run);
        run.then(() => running.delete(run)).then(wake);
      }
      if (stop.signal.aborted) break;
      await wakeUp.promise;
    }
  };
  const looping = loop();
  return {
    wake,
    async [Symbol.asyncDispose]() {
      stop.abort();
      wake();
      await looping;
      const ended = new AbortController();
      const all = Promise.all(running).then(() => ended.abort());
      await Promise.race([all, sleep(stopMs, undefined, { signal: ended.signal }).catch(() => {})]);
    },
  };
}

async function claimJobs<Data extends object>(
  { boss, queue, report }: Queue,
  batchSize: number,
): Promise<Claim<Data>[]> {
  try {
    const fetched = await boss.fetch<Data>(queue, { batchSize, includeMetadata: true });
    return fetched.map(({ id, retryCount, data }) => ({ id, retryCount, data }));
  } catch (error) {
    report(error);
    return [];
  }
}

async function runJob<Data extends object>(
  queue: Queue,
  claim: Claim<Data>,
  handler: Handler<Data>,
  stop: AbortSignal,
): Promise<void> {
  const lost = new AbortController();
  const signal = AbortSignal.any([stop, lost.signal]);
  const keeping = keepClaim(queue, claim, () => lost.abort());
  try {
    const outcome = await outcomeOf(queue, claim, handler, signal);
    // A job that the stop interrupted is released to another worker at once.
    const delaySeconds = stop.aborted ? 0 : Math.min(2 ** claim.retryCount, retryDelaySecondsMax);
    if (!lost.signal.aborted) await settleClaim(queue, claim, outcome, delaySeconds);
  } catch (error) {
    // Not settled, so it is claimed again when this claim expires.
    queue.report(error);
  } finally {
    keeping[Symbol.dispose]();
  }
}

async function outcomeOf<Data extends object>(
  { log, queue, service }: Queue,
  { id, data }: Claim<Data>,
  handler: Handler<Data>,
  signal: AbortSignal,
): Promise<"completed" | "failed"> {
  try {
    signal.throwIfAborted();
    await observeJob({ service, queue, data }, () => handler(withoutTrace(data), signal));
    return "completed";
  } catch (error) {
    if (!signal.aborted) log.warn({ err: error, queue, job: id }, "a job failed and is tried again");
    return "failed";
  }
}
