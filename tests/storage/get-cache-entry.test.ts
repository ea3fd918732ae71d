import { expect, test } from "vitest";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { principal } from "../lib/test-mesh.ts";
import { bytes, cacheOf, describeCaches, seconds } from "./cache-stores.ts";

const miss = missing("cache entry", "k");

describeCaches((storage) => {
  test("OK: the value that was set, byte for byte, with its expiry", async () => {
    const cache = cacheOf(storage(), principal());
    const value = Uint8Array.from({ length: 70_000 }, (_, at) => at % 256);
    const { entry: set } = await cache.setCacheEntry({ key: "ключ/ä b:c", value, ttl: seconds(3600) });
    const { entry } = await cache.getCacheEntry({ key: "ключ/ä b:c" });
    expect(entry).toEqual({ ...set, value: Buffer.from(value) });
    const lifetime = Number(entry?.expireTime?.seconds) - Date.now() / 1000;
    expect(lifetime).toBeGreaterThan(3500);
    expect(lifetime).toBeLessThan(3700);
  });

  test("NotFound: no such key, another organisation's, another namespace's, and an expired one", async () => {
    const who = principal();
    const cache = cacheOf(storage(), who);
    expect(await failureOf(cache.getCacheEntry({ key: "k" }))).toEqual(miss);
    await cache.setCacheEntry({ key: "k", value: bytes("v") });
    expect(await failureOf(cacheOf(storage(), principal()).getCacheEntry({ key: "k" }))).toEqual(miss);
    const elsewhere = { ...who, roles: [], grants: [{ namespace: "lab", roles: ["editor"] }] };
    expect(await failureOf(cacheOf(storage(), elsewhere).getCacheEntry({ key: "k" }))).toMatchObject({
      code: "NotFound",
    });
    expect(
      await failureOf(cacheOf(storage(), elsewhere).getCacheEntry({ key: "k", namespace: "lab" })),
    ).toEqual(miss);
    await cache.setCacheEntry({ key: "k", value: bytes("v"), ttl: { nanos: 1_000_000 } });
    await expect
      .poll(() => failureOf(cache.getCacheEntry({ key: "k" })).catch(() => undefined))
      .toEqual(miss);
  });

  test("InvalidArgument: a key that is empty, too long, or has control characters", async () => {
    const cache = cacheOf(storage(), principal());
    for (const key of ["", "k".repeat(513), "a\u0000b", "a\nb"])
      expect(await failureOf(cache.getCacheEntry({ key }))).toMatchObject({
        code: "InvalidArgument",
        fields: ["key"],
      });
  });

  test("PermissionDenied: a viewer", async () => {
    const viewer = cacheOf(storage(), principal({ roles: ["viewer"] }));
    expect(await failureOf(viewer.getCacheEntry({ key: "k" }))).toEqual(lacking("storage.cache.read"));
  });
});
