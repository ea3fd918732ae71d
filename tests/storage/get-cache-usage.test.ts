import { expect, test } from "vitest";
import { failureOf, lacking } from "../lib/failure-of.ts";
import { principal } from "../lib/test-mesh.ts";
import { bytes, cacheOf, describeCaches, startCachedStorage, textOf } from "./cache-stores.ts";
import { kib, mib } from "./fixtures.ts";

describeCaches((storage) => {
  test("OK: nothing at first; then keys, values and 100 bytes for each entry", async () => {
    const cache = cacheOf(storage(), principal());
    expect(await cache.getCacheUsage({})).toMatchObject({
      usedBytes: 0n,
      entryCount: 0n,
      limitBytes: BigInt(mib),
    });
    await cache.setCacheEntry({ key: "kä", value: bytes("12345") });
    expect(await cache.getCacheUsage({})).toMatchObject({ usedBytes: 7n + 3n + 5n + 100n, entryCount: 1n });
  });

  test("PermissionDenied: a viewer", async () => {
    const viewer = cacheOf(storage(), principal({ roles: ["viewer"] }));
    expect(await failureOf(viewer.getCacheUsage({}))).toEqual(lacking("storage.cache.read"));
  });
});

test("OK: expired entries are removed, and the largest organisations give way when all take too much", async () => {
  await using storage = await startCachedStorage({ totalBytes: 400 * kib });
  const [large, small] = [principal(), principal()];
  const value = new Uint8Array(50 * kib);
  await cacheOf(storage, small).setCacheEntry({ key: "small", value });
  await cacheOf(storage, large).setCacheEntry({ key: "short", value, ttl: { nanos: 1_000_000 } });
  for (let at = 0; at < 12; at += 1) await cacheOf(storage, large).setCacheEntry({ key: `${at}`, value });
  const usedBytes = async () => Number((await cacheOf(storage, large).getCacheUsage({})).usedBytes);
  await expect.poll(usedBytes).toBeLessThan(350 * kib);
  expect(await textOf(storage, small, "small")).toBeDefined();
  expect(await textOf(storage, large, "11")).toBeDefined();
  expect(await textOf(storage, large, "0")).toBeUndefined();
});
