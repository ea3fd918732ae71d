import { expect, test } from "vitest";
import { failureOf, lacking } from "../lib/failure-of.ts";
import { principal } from "../lib/test-mesh.ts";
import { bytes, cacheOf, describeCaches, seconds, textOf } from "./cache-stores.ts";

const largest = 2n ** 63n - 1n;

describeCaches((storage) => {
  test("OK: calls at once lose nothing, and the entry keeps its expiry", async () => {
    const who = principal();
    const cache = cacheOf(storage(), who);
    const first = await cache.incrementCacheEntry({ key: "n", ttl: seconds(60) });
    expect(first.sum).toBe(1n);
    const calls = Array.from({ length: 30 }, () =>
      cache.incrementCacheEntry({ key: "n", delta: -3n, ttl: seconds(600) }),
    );
    await Promise.all(calls);
    const last = await cache.incrementCacheEntry({ key: "n", delta: 0n });
    expect(last).toEqual({ ...first, sum: -89n });
    expect(await textOf(storage(), who, "n")).toBe("-89");
    expect(await cache.getCacheUsage({})).toMatchObject({ entryCount: 1n, usedBytes: 7n + 1n + 3n + 100n });
  });

  test("OK: exact up to 64 bits", async () => {
    const cache = cacheOf(storage(), principal());
    await cache.incrementCacheEntry({ key: "n", delta: largest - 2n });
    expect(await cache.incrementCacheEntry({ key: "n" })).toMatchObject({ sum: largest - 1n });
  });

  test("FailedPrecondition: a value that is no integer, or a sum beyond 64 bits, changes nothing", async () => {
    const who = principal();
    const cache = cacheOf(storage(), who);
    const refused = {
      code: "FailedPrecondition",
      reason: "CACHE_VALUE_NOT_INTEGER",
      metadata: { "cache entry": "n" },
    };
    for (const value of ["", "1.5", "01", "+1", " 1", "-0", "9223372036854775808", "text"]) {
      await cache.setCacheEntry({ key: "n", value: bytes(value) });
      expect(await failureOf(cache.incrementCacheEntry({ key: "n" }))).toEqual(refused);
      expect(await textOf(storage(), who, "n")).toBe(value);
    }
    await cache.setCacheEntry({ key: "n", value: bytes(`${largest}`) });
    expect(await failureOf(cache.incrementCacheEntry({ key: "n" }))).toEqual(refused);
    expect(await textOf(storage(), who, "n")).toBe(`${largest}`);
  });

  test("PermissionDenied: a viewer", async () => {
    const viewer = cacheOf(storage(), principal({ roles: ["viewer"] }));
    expect(await failureOf(viewer.incrementCacheEntry({ key: "n" }))).toEqual(lacking("storage.cache.write"));
  });
});
