import { Gauge } from "prom-client";
import { registry } from "../../services/lib/telemetry/metrics.ts";
import type { Upstream } from "./upstream.ts";

const watched = new Set<Upstream>();

/** Exports the calls of upstreams as metrics, until disposed. */
export function watchUpstreams(upstreams: Iterable<Upstream>): Disposable {
  const own = [...upstreams];
  for (const upstream of own) watched.add(upstream);
  return {
    [Symbol.dispose]() {
      for (const upstream of own) watched.delete(upstream);
    },
  };
}

/** `read` runs on each scrape. */
function addGauge(name: string, help: string, read: (upstream: Upstream) => number): void {
  new Gauge({
    name,
    help,
    labelNames: ["peer"],
    registers: [registry],
    collect() {
      this.reset();
      for (const upstream of watched) this.inc({ peer: upstream.peer }, read(upstream));
    },
  });
}

addGauge(
  "sluice_edge_upstream_calls_in_flight",
  "Calls of the edge to a service that are not over, those that wait among them.",
  ({ callLimit }) => callLimit.inFlight(),
);
addGauge(
  "sluice_edge_upstream_calls_waiting",
  "Calls of the edge that wait for a connection to a service.",
  ({ pool }) => pool.waiting(),
);
