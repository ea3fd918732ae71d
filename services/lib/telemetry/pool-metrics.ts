import { Gauge } from "prom-client";
import { registry } from "./metrics.ts";

type Names = { readonly service: string; readonly pool: string };
/** Pool size, used connections, and statements that wait for one. */
type Use = { readonly max: number; readonly used: number; readonly waiting: number };

const pools = new Set<{ readonly names: Names; readonly use: () => Use }>();

/** Exports a pool's gauges until disposed. */
export function addPool(names: Names, use: () => Use): Disposable {
  const entry = { names, use };
  pools.add(entry);
  return { [Symbol.dispose]: () => void pools.delete(entry) };
}

new Gauge({
  name: "sluice_db_pool_connections",
  help: "Connections to PostgreSQL: how many there may be, are used, and are waited for.",
  labelNames: ["service", "pool", "state"],
  registers: [registry],
  collect() {
    this.reset();
    for (const { names, use } of pools) {
      for (const [state, count] of Object.entries(use())) this.inc({ ...names, state }, count);
    }
  },
});
