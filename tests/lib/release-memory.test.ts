import { expect, test } from "vitest";
import { createRestDetector, releaseMemory } from "../../services/lib/process/release-memory.ts";

test("OK: memory is given back once when work has ended, and again after more work", () => {
  const isOver = createRestDetector(0.05);
  const seconds = [8000, 9000, 100, 40, 0, 600, 7000, 499, 499];
  expect(seconds.map((processorMs) => isOver(processorMs, 10_000))).toEqual([
    ...[false, false, true, false, false, false, false],
    ...[true, false],
  ]);
});

test("OK: what was freed goes back to the system", async () => {
  let garbage: unknown[] | undefined = Array.from({ length: 2_000_000 }, (_, index) => ({ index }));
  const fullBytes = process.memoryUsage().heapTotal;
  expect(garbage).toHaveLength(2_000_000);
  garbage = undefined;
  await releaseMemory();
  expect(process.memoryUsage().heapTotal).toBeLessThan(fullBytes - 32 * 1024 ** 2);
});
