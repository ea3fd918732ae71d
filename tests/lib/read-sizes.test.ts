import { expect, test } from "vitest";
import { createReadSizes } from "../../services/lib/content/read-sizes.ts";

test("OK: chunks become smaller with each read, and larger again with each that ends", () => {
  const sizes = createReadSizes({ most: 100, least: 10, total: 400 });
  const reads = Array.from({ length: 30 }, () => sizes.begin());
  const [first] = reads;
  expect(first?.nextBytes()).toBe(10);
  for (const read of reads.slice(10)) read[Symbol.dispose]();
  expect(first?.nextBytes()).toBe(20);
  for (const read of reads.slice(1, 10)) read[Symbol.dispose]();
  expect(first?.nextBytes()).toBe(100);
});
