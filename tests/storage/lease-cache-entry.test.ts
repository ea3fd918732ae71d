import { expect, test } from "vitest";
import { failureOf, lacking } from "../lib/failure-of.ts";
import { principal } from "../lib/test-mesh.ts";
import { bytes, cacheOf, describeCaches, seconds } from "./cache-stores.ts";

const now = { seconds: 0n };

describeCaches((storage) => {
  test("OK: of 60 that miss at once, one computes, and the others get what it sets", async () => {
    const cache = cacheOf(storage(), principal());
    let computed = 0;
    const compute = async (): Promise<string> => {
      const { entry, leaseId } = await cache.leaseCacheEntry({ key: "k", wait: seconds(30) });
      if (entry) return Buffer.from(entry.value).toString();
      computed += 1;
      await cache.setCacheEntry({ key: "k", value: bytes("result"), leaseId });
      return "result";
    };
    const results = await Promise.all(Array.from({ length: 60 }, compute));
    expect(results).toEqual(Array(60).fill("result"));
    expect(computed).toBe(1);
  });

  test("OK: nobody waits longer than it wants, and nothing is given to it", async () => {
    const cache = cacheOf(storage(), principal());
    const { leaseId } = await cache.leaseCacheEntry({ key: "k", wait: now });
    expect(leaseId).not.toBe("");
    expect(await cache.leaseCacheEntry({ key: "k", wait: now })).toMatchObject({ leaseId: "" });
    expect((await cache.leaseCacheEntry({ key: "k", wait: now })).entry).toBeUndefined();
  });

  test("OK: a lease that runs out goes to the next one; a late result is taken all the same", async () => {
    const cache = cacheOf(storage(), principal());
    const first = await cache.leaseCacheEntry({ key: "k", lease: seconds(1) });
    const second = await cache.leaseCacheEntry({ key: "k", wait: seconds(30) });
    expect(second.leaseId).not.toBe("");
    expect(second.leaseId).not.toBe(first.leaseId);
    await cache.setCacheEntry({ key: "k", value: bytes("late"), leaseId: first.leaseId });
    expect((await cache.leaseCacheEntry({ key: "k" })).entry?.value).toEqual(Buffer.from("late"));
  });

  test("InvalidArgument: a wait of more than 30 s, or a lease of more than ten minutes", async () => {
    const cache = cacheOf(storage(), principal());
    for (const [field, request] of [
      ["wait", { wait: seconds(31) }],
      ["wait", { wait: seconds(-1) }],
      ["lease", { lease: seconds(0) }],
      ["lease", { lease: seconds(601) }],
    ] as const)
      expect(await failureOf(cache.leaseCacheEntry({ key: "k", ...request }))).toMatchObject({
        code: "InvalidArgument",
        fields: [field],
      });
  });

  test("PermissionDenied: a viewer", async () => {
    const viewer = cacheOf(storage(), principal({ roles: ["viewer"] }));
    expect(await failureOf(viewer.leaseCacheEntry({ key: "k" }))).toEqual(lacking("storage.cache.write"));
  });
});
