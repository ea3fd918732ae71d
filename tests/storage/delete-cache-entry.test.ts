import { expect, test } from "vitest";
import { failureOf, lacking } from "../lib/failure-of.ts";
import { principal } from "../lib/test-mesh.ts";
import { bytes, cacheOf, describeCaches, textOf } from "./cache-stores.ts";

describeCaches((storage) => {
  test("OK: the entry is gone, also the second time, and that of another organisation is not", async () => {
    const [who, other] = [principal(), principal()];
    for (const owner of [who, other])
      await cacheOf(storage(), owner).setCacheEntry({ key: "k", value: bytes("v") });
    await cacheOf(storage(), who).deleteCacheEntry({ key: "k" });
    await cacheOf(storage(), who).deleteCacheEntry({ key: "k" });
    expect(await textOf(storage(), who, "k")).toBeUndefined();
    expect(await textOf(storage(), other, "k")).toBe("v");
    expect(await cacheOf(storage(), who).getCacheUsage({})).toMatchObject({ entryCount: 0n, usedBytes: 0n });
  });

  test("PermissionDenied: a viewer", async () => {
    const viewer = cacheOf(storage(), principal({ roles: ["viewer"] }));
    expect(await failureOf(viewer.deleteCacheEntry({ key: "k" }))).toEqual(lacking("storage.cache.write"));
  });
});
