import { expect, test } from "vitest";
import { cutIntoChunks, parseRange } from "../../services/orchestration/connectors/sql/cut-into-chunks.ts";

/** Ranges of a table whose keys go from one integer to another. */
function rangesOf(from: number, to: number, chunks: number) {
  const plan = {} as Parameters<typeof cutIntoChunks>[0][number]["plan"];
  const [table] = cutIntoChunks([{ plan, rowCount: chunks, interval: { unit: "key", from, to } }], 1);
  return (table?.chunks ?? []).map(({ range }) => parseRange(range));
}

test("OK: each range begins where the one before ends", () => {
  const ranges = rangesOf(-5, 5, 3);
  expect(ranges).toEqual([
    { from: -5, to: -1 },
    { from: -1, to: 3 },
    { from: 3, to: undefined },
  ]);
});

test("OK: keys that are too far apart to calculate with make one range", () => {
  expect(rangesOf(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 5)).toEqual([undefined]);
});
