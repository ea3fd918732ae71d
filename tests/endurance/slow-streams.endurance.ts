import { setInterval as every } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EdgeProcess, startEdgeProcess } from "../edge/abuse/lib/edge-process.ts";
import { servedWell } from "../edge/abuse/lib/honest-callers.ts";
import { contentOf } from "../edge/lib/echo-backend.ts";
import {
  type Callers,
  connectCallers,
  count,
  grpcCallers,
  grpcWebCallers,
  restCallers,
} from "./lib/callers.ts";

// Concurrent streams of a gibibyte at one megabyte per second, in four protocols and both directions. The memory of the
// edge may not grow during the eighteen minutes.

const mebibyte = 2 ** 20;
const streamBytes = 1024 * mebibyte;
const bytesPerSecond = 1_000_000;
const chunkBytes = 64 * 1024;
/** Maximum growth over the memory before the streams: windows and buffers of eight streams, and uncollected garbage. */
const growthBytesMax = 128 * mebibyte;
/** Maximum growth from the first to the last quarter of the samples. */
const driftBytesMax = 32 * mebibyte;
const sampleMs = 2_000;

let edge: EdgeProcess;
beforeAll(async () => {
  edge = await startEdgeProcess();
});
afterAll(() => edge[Symbol.asyncDispose]());

async function* content(): AsyncGenerator<Buffer> {
  const chunk = Buffer.from(contentOf(chunkBytes));
  for (let at = 0; at < streamBytes; at += chunkBytes) yield chunk;
}

test("OK: memory is flat while slow readers and slow senders move a gibibyte each", async () => {
  await servedWell(edge.port, Promise.resolve());
  const before = await edge.memoryBytes();
  const expected = await count(content());
  const callers: [string, Callers][] = [
    ["REST", restCallers(edge.port)],
    ["Connect", connectCallers(edge.port)],
    ["gRPC", grpcCallers(edge.port)],
    ["gRPC-Web", grpcWebCallers(edge.port)],
  ];
  const startMs = performance.now();
  const moved = Promise.all(
    callers.flatMap(([name, { download, upload }]) => [
      download(streamBytes, bytesPerSecond).then((arrived) => [`${name} down`, arrived]),
      upload(content(), bytesPerSecond).then((arrived) => [`${name} up`, arrived]),
    ]),
  );
  const samples = await sampleUntil(moved);
  const seconds = (performance.now() - startMs) / 1000;
  expect(Object.fromEntries(await moved)).toEqual(
    Object.fromEntries(
      callers.flatMap(([name]) => [`${name} down`, `${name} up`].map((way) => [way, expected])),
    ),
  );
  // No caller exceeded its rate.
  expect(seconds).toBeGreaterThan((0.95 * streamBytes) / bytesPerSecond);
  const quarter = Math.ceil(samples.length / 4);
  const [first, last] = [median(samples.slice(0, quarter)), median(samples.slice(-quarter))];
  const growth = Math.max(...samples) - before;
  const inMebibytes = [before, first, last, Math.max(...samples)].map((bytes) =>
    Math.round(bytes / mebibyte),
  );
  console.info(
    `${Math.round(seconds)} s, ${samples.length} samples, MiB before, first quarter, last quarter, peak: ${inMebibytes}`,
  );
  expect(growth).toBeLessThan(growthBytesMax);
  expect(last - first).toBeLessThan(driftBytesMax);
  await servedWell(edge.port, Promise.resolve());
});

/** Samples the memory of the edge, garbage included, until the work is done. */
async function sampleUntil(work: Promise<unknown>): Promise<number[]> {
  const over = new AbortController();
  const stop = () => over.abort();
  work.then(stop, stop);
  const samples: number[] = [];
  for await (const _ of every(sampleMs)) {
    if (over.signal.aborted) break;
    samples.push(await edge.memoryBytes("as it is"));
  }
  return samples;
}

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
