import type { Worker } from "node:cluster";
import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { serveClusterStore } from "../../edge/admission/cluster-store.ts";
import { isGranted, type LimitRequest, limitRequest } from "../../edge/admission/limit.ts";
import { createLimitTable } from "../../edge/admission/limit-table.ts";
import { rateLimits } from "./lib/admission.ts";

const requests: readonly LimitRequest[] = [limitRequest("org", rateLimits({ org: { callsMax: 1 } }), "o", 1)];
const question = (holder: string) => ({
  limitsBatch: 1,
  batch: { holder, leaseMs: 1, held: [], charges: [], calls: [requests] },
});

/** A worker whose channel is broken, while it is still considered connected. */
function dyingWorker(): Worker {
  const worker = new EventEmitter();
  const send = (_: unknown, sent?: (error: Error) => void) => {
    const error = new Error("write EPIPE");
    if (sent) sent(error);
    else worker.emit("error", error);
    return false;
  };
  return Object.assign(worker, { send, isConnected: () => true }) as unknown as Worker;
}

test("OK: what a worker said last takes no place when it is heard after its end", () => {
  const table = createLimitTable();
  const worker = dyingWorker();
  serveClusterStore(worker, table);
  worker.emit("message", question("one"));
  expect(table.acquire("other", requests).every(isGranted)).toBe(false);
  worker.emit("exit");
  worker.emit("message", question("one"));
  expect(table.acquire("other", requests).every(isGranted)).toBe(true);
});
