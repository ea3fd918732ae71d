import { runPeriodically } from "../../lib/process/run-periodically.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import { reportEvents } from "../quota/report-events.ts";
import { type CollectDeps, collect, searchUnknownBlobs } from "./collect.ts";

/** Collects periodically until it is disposed. */
export function startCollector(deps: CollectDeps & { readonly log: Logger }): AsyncDisposable {
  const stop = new AbortController();
  const running = run(deps, stop.signal);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

function run(deps: CollectDeps & { readonly log: Logger }, stop: AbortSignal): Promise<void> {
  const { log, limits } = deps;
  const failureText = "a collection failed: the next one goes on";
  let searchedMs = Number.NEGATIVE_INFINITY;
  return runPeriodically({ pauseMs: limits.collectMs, stop, log, failureText }, async () => {
    await collect(deps);
    await reportEvents(deps);
    if (performance.now() - searchedMs < limits.searchMs) return;
    await searchUnknownBlobs(deps);
    searchedMs = performance.now();
  });
}
