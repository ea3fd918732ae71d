import { Counter, Gauge, Histogram } from "prom-client";
import { latencyBuckets, registry } from "../../services/lib/telemetry/metrics.ts";

const registers = [registry];
const labelNames = ["method", "protocol"] as const;

/** `method` is an RPC of the contracts or `unknown`, so that callers can't create labels. */
export const edgeMetrics = {
  requests: new Counter({
    name: "sluice_edge_requests_total",
    help: "Requests that are over, by method, protocol and code.",
    labelNames: [...labelNames, "code"],
    registers,
  }),
  seconds: new Histogram({
    name: "sluice_edge_request_seconds",
    help: "Time from a request's headers to the end of its answer.",
    labelNames,
    buckets: latencyBuckets,
    registers,
  }),
  inFlight: new Gauge({
    name: "sluice_edge_requests_in_flight",
    help: "Requests that are being answered.",
    registers,
  }),
  cached: new Counter({
    name: "sluice_edge_cached_responses_total",
    help: "Calls that were answered from memory, by method.",
    labelNames: ["method"],
    registers,
  }),
  received: new Counter({
    name: "sluice_edge_request_bytes_total",
    help: "Bytes of requests' bodies, as they came.",
    labelNames,
    registers,
  }),
  sent: new Counter({
    name: "sluice_edge_response_bytes_total",
    help: "Bytes of answers' bodies, as they went.",
    labelNames,
    registers,
  }),
};

/** Open connections and streams, which are counted whether metrics are enabled or not. */
export const openConnections = { http1: 0, http2: 0, http2Streams: 0 };

new Gauge({
  name: "sluice_edge_connections",
  help: "Open connections, by HTTP version.",
  labelNames: ["version"],
  registers,
  collect() {
    this.set({ version: "1.1" }, openConnections.http1);
    this.set({ version: "2" }, openConnections.http2);
  },
});

new Gauge({
  name: "sluice_edge_http2_streams",
  help: "Open streams of all HTTP/2 connections.",
  registers,
  collect() {
    this.set(openConnections.http2Streams);
  },
});
