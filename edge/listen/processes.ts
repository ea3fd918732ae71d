import cluster, { type Worker } from "node:cluster";
import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "../../services/lib/telemetry/log.ts";
import { serveClusterStore } from "../admission/cluster-store.ts";
import { createLimitTable, type LimitTable } from "../admission/limit-table.ts";

/** Pause before a worker that died young is replaced, in milliseconds: it doubles as long as they do. */
const pauseMsMin = 100;
const pauseMsMax = 10_000;
/** How long a worker lives that did not die young, in milliseconds. */
const ripeMs = 10_000;

/** What a worker and its primary process tell each other. */
type Word = { readonly edge: "ready"; readonly address: string } | { readonly edge: "stop" };

const isWord = (message: unknown): message is Word =>
  typeof message === "object" && message !== null && "edge" in message;

type Supervision = {
  readonly stop: AbortSignal;
  readonly table: LimitTable;
  readonly log: Logger;
  isReady(address: string): void;
};

/**
 * Runs the edge in several processes that share its port, and replaces those that die, until `stop` aborts and all have
 * let their running requests end. Fails if one can't start in the beginning.
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

/** Has a worker, one after the other, until the stop. */
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
    if (performance.now() - sinceMs > ripeMs) pauseMs = pauseMsMin;
    await pause(pauseMs, undefined, { signal: stop }).catch(() => undefined);
    pauseMs = Math.min(2 * pauseMs, pauseMsMax);
  }
}

type End = { readonly code: number | null; readonly signal: string | null } | { readonly err: Error };

/** Waits until a worker ends or can't begin, and tells it the stop. */
async function endOf(worker: Worker, stop: AbortSignal, started: (address: string) => void): Promise<End> {
  const { promise: ended, resolve: end } = Promise.withResolvers<End>();
  worker.once("exit", (code, signal) => end({ code, signal }));
  // What is said to a worker that has just died fails, too; its exit tells the same.
  worker.on("error", (err) => {
    if (worker.process.pid === undefined) end({ err });
  });
  const tell = () => worker.send({ edge: "stop" } satisfies Word, () => undefined);
  worker.on("message", (word: unknown) => {
    if (!isWord(word) || word.edge !== "ready") return;
    started(word.address);
    // It may have been starting when it was told.
    if (stop.aborted) tell();
  });
  stop.addEventListener("abort", tell, { once: true });
  try {
    return await ended;
  } finally {
    stop.removeEventListener("abort", tell);
  }
}

/** What a worker hears of its primary process besides signals, and tells it. */
export function joinPrimary(stop: AbortSignal): {
  stop: AbortSignal;
  ready: (address: string) => void;
} {
  const told = new AbortController();
  // A primary process that is gone hears nothing; that its channel has ended ends this process, too.
  cluster.worker?.on("error", () => undefined);
  process.on("message", (word: unknown) => {
    if (isWord(word) && word.edge === "stop") told.abort();
  });
  return {
    stop: AbortSignal.any([stop, told.signal]),
    ready: (address) => cluster.worker?.send({ edge: "ready", address } satisfies Word),
  };
}
