import { Counter } from "prom-client";
import { registry } from "../../lib/telemetry/metrics.ts";

const counter = new Counter({
  name: "sluice_cached_results_total",
  help: "Results of files that were wanted: found in the cache, computed after a miss, or computed without the cache.",
  labelNames: ["kind", "result"],
  registers: [registry],
});

export type ResultKind = "query" | "preview";

export const countResult = (kind: ResultKind, result: "found" | "computed" | "uncached"): void =>
  counter.inc({ kind, result });
