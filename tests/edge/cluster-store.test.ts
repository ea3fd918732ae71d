import type { Worker } from "node:cluster";
import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { serveClusterStore } from "../../edge/admission/cluster-store.ts";
import { askOf, isOpen, type Turn } from "../../edge/admission/limit.ts";
import { createTable } from "../../edge/admission/table.ts";
import { rateLimits } from "./lib/admission.ts";

const turn: Turn = [askOf("org", rateLimits({ org: { callsMax: 1 } }), "o", 1)];
const question = (holder: string) => ({
  limitsBatch: 1,
  batch: { holder, holdMs: 1, held: [], charges: [], turns: [turn] },
});

/** A worker to whom nothing can be said any more, and of whom that is not known yet. */
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
  const table = createTable();
  const worker = dyingWorker();
  serveClusterStore(worker, table);
  worker.emit("message", question("one"));
  expect(table.take("other", turn).every(isOpen)).toBe(false);
  worker.emit("exit");
  worker.emit("message", question("one"));
  expect(table.take("other", turn).every(isOpen)).toBe(true);
});
