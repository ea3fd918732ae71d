import { Gauge } from "prom-client";
import { registry } from "../../services/lib/telemetry/metrics.ts";
import type { Upstream } from "./upstream.ts";

const told = new Set<Upstream>();

/** Has the calls of upstreams told, until disposed. */
export function tellOfUpstreams(upstreams: Iterable<Upstream>): Disposable {
  const own = [...upstreams];
  for (const upstream of own) told.add(upstream);
  return {
    [Symbol.dispose]() {
      for (const upstream of own) told.delete(upstream);
    },
  };
}

/** A figure of each upstream, read when somebody asks. */
function addGauge(name: string, help: string, read: (upstream: Upstream) => number): void {
  new Gauge({
    name,
    help,
    labelNames: ["peer"],
    registers: [registry],
    collect() {
      this.reset();
      for (const upstream of told) this.inc({ peer: upstream.peer }, read(upstream));
    },
  });
}

addGauge(
  "sluice_edge_upstream_calls_in_flight",
  "Calls of the edge to a service that are not over, those that wait among them.",
  ({ breaker }) => breaker.calls(),
);
addGauge(
  "sluice_edge_upstream_calls_waiting",
  "Calls of the edge that wait for a connection to a service.",
  ({ pool }) => pool.waiting(),
);
