import { Counter } from "prom-client";
import { registry } from "../../lib/telemetry/metrics.ts";

const counter = new Counter({
  name: "sluice_prepared_files_total",
  help: "Files that were wanted as Parquet: found in the cache, prepared, or failed to be.",
  labelNames: ["result"],
  registers: [registry],
});

export const countPreparedFile = (result: "found" | "prepared" | "failed"): void => counter.inc({ result });
