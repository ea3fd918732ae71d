import { setTimeout as sleep } from "node:timers/promises";
import { Gauge } from "prom-client";
import { registry } from "./metrics.ts";

export type QueueLength = { readonly queue: string; readonly state: string; readonly jobs: number };

/** Timeout of the count in milliseconds: a slow database must not delay the other metrics. */
const countMs = 2_000;

type Count = () => Promise<QueueLength[]>;

const sources = new Map<symbol, { readonly service: string; readonly count: Count }>();

/** Exports the lengths of a service's queues, counted at each scrape, until disposed. */
export function addQueues(service: string, count: Count): Disposable {
  const key = Symbol(service);
  sources.set(key, { service, count: onceAtATime(count) });
  return { [Symbol.dispose]: () => void sources.delete(key) };
}

new Gauge({
  name: "sluice_jobs",
  help: "Jobs in the queues of a service, by state. A queue whose database does not answer is left out.",
  labelNames: ["service", "queue", "state"],
  registers: [registry],
  async collect() {
    const counted = await Promise.all(
      [...sources.values()].map(async ({ service, count }) => ({ service, lengths: await within(count) })),
    );
    this.reset();
    for (const { service, lengths } of counted) {
      for (const { queue, state, jobs } of lengths) this.inc({ service, queue, state }, jobs);
    }
  },
});

/** At most one count runs at a time, so that a slow database gets no further ones. */
function onceAtATime(count: Count): Count {
  let running: ReturnType<Count> | undefined;
  return () => {
    running ??= count().finally(() => {
      running = undefined;
    });
    return running;
  };
}

const within = (count: Count): ReturnType<Count> =>
  Promise.race([count(), sleep(countMs, [], { ref: false })]).catch(() => []);
