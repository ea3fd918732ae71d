import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { version } from "./version.ts";

/** Metrics of the process, shared by all of its parts. */
export const registry = new Registry();

let measuring = false;

/** Whether metrics are enabled. Otherwise nothing is counted. */
export const isMeasuring = (): boolean => measuring;

/** Enables metrics for the rest of the process's life. */
export function startMeasuring(process: string): void {
  if (measuring) return;
  measuring = true;
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: "sluice_build_info",
    help: "Always 1; the labels say what runs.",
    labelNames: ["process", "version", "node_version"],
    aggregator: "first",
    registers: [registry],
  }).set({ process, version, node_version: globalThis.process.version }, 1);
}

/** Upper bounds of latency histograms, in seconds. */
export const latencyBuckets = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];
