import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { datasetIdOf } from "../../services/lib/values/ids.ts";

test("OK: a staged table has the same id each time, and its own", () => {
  const jobId = randomUUID();
  const id = datasetIdOf(jobId, "public", "orders");
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(datasetIdOf(jobId, "public", "orders")).toBe(id);
  const others = [
    datasetIdOf(randomUUID(), "public", "orders"),
    datasetIdOf(jobId, "", "publicorders"),
    datasetIdOf(jobId, "publicorders", ""),
    datasetIdOf(jobId, 'public","orders', ""),
  ];
  expect(new Set([id, ...others]).size).toBe(5);
});
