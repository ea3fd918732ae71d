import cluster, { type Worker } from "node:cluster";
import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "../../services/lib/telemetry/log.ts";
import { serveClusterStore } from "../admission/cluster-store.ts";
import { createLimitTable, type LimitTable } from "../admission/limit-table.ts";

/** Backoff before a worker is replaced, in milliseconds; doubles while workers die early. */
const pauseMsMin = 100;
const pauseMsMax = 10_000;
/** Lifetime after which the backoff is reset, in milliseconds. */
const stableMs = 10_000;

/** A message between the primary process and a worker. */
type WorkerMessage = { readonly edge: "ready"; readonly address: string } | { readonly edge: "stop" };

const isMessage = (message: unknown): message is WorkerMessage =>
  typeof message === "object" && message !== null && "edge" in message;

type Supervision = {
  readonly stop: AbortSignal;
  readonly table: LimitTable;
  readonly log: Logger;
  isReady(address: string): void;
};

/**
 * Runs the edge in several processes that share its port and replaces those that die, until `stop` aborts and running
 * requests have ended. Rejects if a process can't start at first.
 */
export async function runPrimary(options: {
  processes: number;
  stop: AbortSignal;
  ready: (address: string) => void;
  log: Logger;
}): Promise<void> {
  const failure = new AbortController();
  const stop = AbortSignal.any([options.stop, failure.signal]);
  let starting = options.processes;
  const isReady = (address: string) => {
    starting -= 1;
    if (starting === 0) options.ready(address);
  };
  const supervision = { stop, table: createLimitTable(), log: options.log, isReady };
  const workers = Array.from({ length: options.processes }, () => keepWorker(supervision));
  for (const worker of workers) worker.catch(() => failure.abort());
  const [failed] = (await Promise.allSettled(workers)).filter(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}

/** Keeps one worker running until the stop. */
async function keepWorker({ stop, table, log, isReady }: Supervision): Promise<void> {
  let pauseMs = pauseMsMin;
  let hasStarted = false;
  const started = (address: string) => {
    if (!hasStarted) isReady(address);
    hasStarted = true;
  };
  while (!stop.aborted) {
    const sinceMs = performance.now();
    const worker = cluster.fork();
    serveClusterStore(worker, table);
    const end = await endOf(worker, stop, started);
    if (stop.aborted) return;
    if (!hasStarted) throw new Error("a process of the edge could not start");
    log.error({ worker: worker.process.pid, ...end }, "a process of the edge ended and is replaced");
    if (performance.now() - sinceMs > stableMs) pauseMs = pauseMsMin;
    await pause(pauseMs, undefined, { signal: stop }).catch(() => undefined);
    pauseMs = Math.min(2 * pauseMs, pauseMsMax);
  }
}

type End = { readonly code: number | null; readonly signal: string | null } | { readonly err: Error };

/** Waits until a worker ends or fails to start, and passes the stop on to it. */
async function endOf(worker: Worker, stop: AbortSignal, started: (address: string) => void): Promise<End> {
  const { promise: ended, resolve: end } = Promise.withResolvers<End>();
  worker.once("exit", (code, signal) => end({ code, signal }));
  // Sending to a worker that has just died fails, too; `exit` reports it.
  worker.on("error", (err) => {
    if (worker.process.pid === undefined) end({ err });
  });
  const sendStop = () => worker.send({ edge: "stop" } satisfies WorkerMessage, () => undefined);
  worker.on("message", (message: unknown) => {
    if (!isMessage(message) || message.edge !== "ready") return;
    started(message.address);
    // A worker that was starting has missed the message.
    if (stop.aborted) sendStop();
  });
  stop.addEventListener("abort", sendStop, { once: true });
  try {
    return await ended;
  } finally {
    stop.removeEventListener("abort", sendStop);
  }
}

/** Connects a worker to the messages of the primary process. */
export function joinPrimary(stop: AbortSignal): {
  stop: AbortSignal;
  ready: (address: string) => void;
} {
  const stopped = new AbortController();
  // Sending to a primary process that is gone fails; the end of its channel ends this process, too.
  cluster.worker?.on("error", () => undefined);
  process.on("message", (message: unknown) => {
    if (isMessage(message) && message.edge === "stop") stopped.abort();
  });
  return {
    stop: AbortSignal.any([stop, stopped.signal]),
    ready: (address) => cluster.worker?.send({ edge: "ready", address } satisfies WorkerMessage),
  };
}
