import { expect, test } from "vitest";
import { failureOf, lacking } from "../lib/failure-of.ts";
import { principal } from "../lib/test-mesh.ts";
import { bytes, cacheOf, describeCaches, textOf } from "./cache-stores.ts";

describeCaches((storage) => {
  test("OK: the keys with the prefix, which is taken as it is, in one namespace", async () => {
    const who = principal();
    const cache = cacheOf(storage(), who);
    const keys = ["a%", "a%b", "a%\u{10ffff}", "ab", "A%", "a", "b"];
    for (const key of keys) await cache.setCacheEntry({ key, value: bytes(key) });
    await cache.setCacheEntry({ key: "a%b", namespace: "lab", value: bytes("kept") });
    expect(await cache.deleteCacheEntries({ prefix: "a%" })).toMatchObject({ entryCount: 3n });
    const left = await Promise.all(keys.map((key) => textOf(storage(), who, key)));
    expect(left.filter((value) => value !== undefined)).toEqual(["ab", "A%", "a", "b"]);
    expect(await cache.getCacheUsage({})).toMatchObject({ entryCount: 5n });
    expect(await cache.deleteCacheEntries({})).toMatchObject({ entryCount: 4n });
    expect(await cache.deleteCacheEntries({ namespace: "lab" })).toMatchObject({ entryCount: 1n });
  });

  test("PermissionDenied: a viewer", async () => {
    const viewer = cacheOf(storage(), principal({ roles: ["viewer"] }));
    expect(await failureOf(viewer.deleteCacheEntries({}))).toEqual(lacking("storage.cache.write"));
  });
});
