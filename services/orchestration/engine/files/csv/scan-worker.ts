import { parentPort } from "node:worker_threads";
import { type Segment, scanSegment } from "./scan-segment.ts";

// Scans segments of a file for `scan-file.ts`, one at a time.

parentPort?.on("message", async (segment: Segment) => {
  parentPort?.postMessage(await scanSegment(segment));
});
