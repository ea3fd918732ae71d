import { parentPort } from "node:worker_threads";
import { type JsonRange, scanRange } from "./scan-range.ts";

// Scans ranges of a file for `scan-file.ts`, one at a time.

parentPort?.on("message", async (range: JsonRange) => {
  parentPort?.postMessage(await scanRange(range));
});
