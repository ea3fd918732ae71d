import { expect, test } from "vitest";
import { createMappedMemoryLimit } from "../../services/orchestration/engine/processes/mapped-memory-limit.ts";

const sizes = new Map<number, number>();
const boundOf = (bytesMax: number) => createMappedMemoryLimit(bytesMax, (pid) => sizes.get(pid) ?? 0);

test("OK: half of what may be mapped, as long as no ready process was seen", () => {
  const bound = boundOf(3000);
  for (const [bytes, isExceeded] of [
    [1500, false],
    [1501, true],
  ] as const) {
    sizes.set(1, bytes);
    expect(bound.isExceeded(1)).toBe(isExceeded);
  }
});

test("OK: a third beyond what processes have from the start, where that is much", () => {
  const bound = boundOf(3000);
  // A new process has mapped little yet.
  for (const bytes of [2100, 100]) {
    sizes.set(2, bytes);
    bound.noteReady(2);
  }
  sizes.set(3, 2400);
  expect(bound.isExceeded(3)).toBe(false);
  sizes.set(3, 2401);
  expect(bound.isExceeded(3)).toBe(true);
});
