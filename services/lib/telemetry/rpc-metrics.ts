import { Counter, Gauge, Histogram } from "prom-client";
import { latencyBuckets, registry } from "./metrics.ts";

const registers = [registry];

/** Incoming calls of this process's services. */
export const handled = {
  calls: new Counter({
    name: "sluice_rpc_requests_total",
    help: "Calls that a service has answered, by method and code.",
    labelNames: ["method", "code"],
    registers,
  }),
  seconds: new Histogram({
    name: "sluice_rpc_request_seconds",
    help: "Time from a call's arrival in a service to the end of its answer.",
    labelNames: ["method"],
    buckets: latencyBuckets,
    registers,
  }),
  running: new Gauge({
    name: "sluice_rpc_requests_in_flight",
    help: "Calls that a service answers now.",
    labelNames: ["method"],
    registers,
  }),
};

/** Outgoing calls of this process. */
export const upstream = {
  calls: new Counter({
    name: "sluice_upstream_requests_total",
    help: "Calls of other parts of the mesh, by caller, callee and resulting code.",
    labelNames: ["caller", "peer", "code"],
    registers,
  }),
  seconds: new Histogram({
    name: "sluice_upstream_request_seconds",
    help: "Time from a call of another part of the mesh to the end of its answer.",
    labelNames: ["caller", "peer"],
    buckets: latencyBuckets,
    registers,
  }),
};
