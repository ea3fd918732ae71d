import { expect, test } from "vitest";
import { isGranted, limitRequest } from "../../edge/admission/limit.ts";
import { createLimitTable } from "../../edge/admission/limit-table.ts";
import { parseConfig } from "../../edge/config.ts";
import { rateLimits } from "./lib/admission.ts";

test("OK: addresses without end leave no more than a hundred thousand behind", () => {
  const table = createLimitTable(() => 0);
  const limits = rateLimits({ address: { tokens: 2 } });
  for (let at = 0; at < 250_000; at += 1) {
    const request = limitRequest("address", limits, `address ${at}`, 1);
    table.acquire("", [request]);
    table.addPermits("", request.key, -1);
  }
  expect(table.size()).toBe(100_000);
});

test("OK: what a holder had is free when it is gone", () => {
  const table = createLimitTable(() => 0);
  const request = limitRequest("org", rateLimits({ org: { callsMax: 2 } }), "o", 1);
  const take = (holder: string) => table.acquire(holder, [request]).every(isGranted);
  expect([take("one"), take("two"), take("two")]).toEqual([true, true, false]);
  table.release("one");
  expect([take("two"), take("two")]).toEqual([true, false]);
  table.release("two");
  // Buckets stay.
  expect(table.size()).toBe(1);
});

test("OK: what costs more than a bucket holds takes a full one", () => {
  const limits = rateLimits({ address: { tokens: 3 } });
  const table = createLimitTable(() => 0);
  const request = limitRequest("address", limits, "a", 10);
  expect(request.cost).toBe(3);
  expect(table.acquire("", [request]).every(isGranted)).toBe(true);
  expect(table.acquire("", [request]).every(isGranted)).toBe(false);
});

test("ConfigError: names every setting of the limits that is wrong", () => {
  const names = ["RATE_LIMIT_ADDRESS", "RATE_LIMIT_ORG", "CONCURRENCY_LIMIT_USER", "EDGE_PROCESSES"];
  const wrong = { ...Object.fromEntries(names.map((name) => [name, "0"])), TRUSTED_PROXIES: "here" };
  expect(() => parseConfig({ ...wrong, rate_limit_store: "mysql://x" })).toThrow(
    new RegExp(
      [...names.sort(), "TRUSTED_PROXIES", "rate_limit_store"].map((name) => `(?=[^]*${name}: )`).join(""),
    ),
  );
});

test("ConfigError: PostgreSQL counts no limits, and its password is not told", () => {
  const problems = () => parseConfig({ rate_limit_store: "postgres://user:hunter2@host/database" });
  expect(problems).toThrow(
    "  rate_limit_store: must be memory, or the address of a Redis (redis://, rediss://)",
  );
  expect(problems).not.toThrow("hunter");
});

test.each([
  "redis://:hunter#2@host:6379",
  "redis://:hunter/2@host",
  "rediss://host:99999",
  "redis://host/name",
  "redis://",
])("ConfigError: %s is no URL of a store, and its password is not told", (url) => {
  const problems = () => parseConfig({ rate_limit_store: url });
  expect(problems).toThrow("  rate_limit_store: must be a URL, as redis://:password@host:6379/0");
  expect(problems).not.toThrow("hunter");
});

test.each(["memory", "redis://host", "rediss://:p%23@host:6379/2"])(
  "OK: %s may be where limits are counted",
  (url) => {
    expect(() => parseConfig({ rate_limit_store: url })).not.toThrow("rate_limit_store");
  },
);
