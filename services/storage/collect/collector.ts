import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../../lib/log.ts";
import { type CollectDeps, collect, searchUnknownBlobs } from "./collect.ts";

/** Collects at once and then again and again, until it is disposed. */
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

async function run(deps: CollectDeps & { readonly log: Logger }, stop: AbortSignal): Promise<void> {
  let searchedMs = Number.NEGATIVE_INFINITY;
  while (!stop.aborted) {
    try {
      await collect(deps);
      if (performance.now() - searchedMs >= deps.limits.searchMs) {
        await searchUnknownBlobs(deps);
        searchedMs = performance.now();
      }
    } catch (error) {
      deps.log.warn({ err: error }, "a collection failed: the next one goes on");
    }
    await sleep(deps.limits.collectMs, undefined, { signal: stop }).catch(() => {});
  }
}
