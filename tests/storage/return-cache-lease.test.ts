import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { failureOf, lacking } from "../lib/failure-of.ts";
import { principal } from "../lib/test-mesh.ts";
import { cacheOf, describeCaches, seconds } from "./cache-stores.ts";

describeCaches((storage) => {
  test("OK: after a failure, one of those that wait computes", async () => {
    const cache = cacheOf(storage(), principal());
    const { leaseId } = await cache.leaseCacheEntry({ key: "k", lease: seconds(600) });
    const waiting = cache.leaseCacheEntry({ key: "k", wait: seconds(30) });
    await cache.returnCacheLease({ key: "k", leaseId });
    const next = await waiting;
    expect(next.leaseId).not.toBe("");
    expect(next.leaseId).not.toBe(leaseId);
  });

  test("OK: a lease of somebody else, or one that has ended, changes nothing", async () => {
    const cache = cacheOf(storage(), principal());
    await cache.leaseCacheEntry({ key: "k" });
    await cache.returnCacheLease({ key: "k", leaseId: randomUUID() });
    expect(await cache.leaseCacheEntry({ key: "k", wait: seconds(0) })).toMatchObject({ leaseId: "" });
  });

  test("PermissionDenied: a viewer", async () => {
    const viewer = cacheOf(storage(), principal({ roles: ["viewer"] }));
    const call = viewer.returnCacheLease({ key: "k", leaseId: randomUUID() });
    expect(await failureOf(call)).toEqual(lacking("storage.cache.write"));
  });
});
