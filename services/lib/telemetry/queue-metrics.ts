import { setTimeout as sleep } from "node:timers/promises";
import { Gauge } from "prom-client";
import { registry } from "./metrics.ts";

export type QueueLength = { readonly queue: string; readonly state: string; readonly jobs: number };

/** How long a database may take to count, in milliseconds: whoever reads the other figures does not wait for it longer. */
const countMs = 2_000;

const sources = new Map<symbol, { readonly service: string; readonly count: () => Promise<QueueLength[]> }>();

/** Has a service's queues counted whenever somebody asks, until disposed. */
export function addQueues(service: string, count: () => Promise<QueueLength[]>): Disposable {
  const key = Symbol(service);
  sources.set(key, { service, count });
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

const within = (count: () => Promise<QueueLength[]>): Promise<QueueLength[]> =>
  Promise.race([count(), sleep(countMs, [], { ref: false })]).catch(() => []);
