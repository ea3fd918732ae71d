import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { failureOf } from "../lib/failure-of.ts";
import { principal } from "../lib/test-mesh.ts";
import { bytes, cacheOf, describeCaches, textOf } from "./cache-stores.ts";

describeCaches((storage) => {
  test("NotFound: every method, for a namespace in which the caller has no rights", async () => {
    const owner = principal();
    await cacheOf(storage(), owner).setCacheEntry({ key: "k", namespace: "lab", value: bytes("v") });
    const stranger = { ...owner, roles: [], grants: [{ namespace: "there", roles: ["editor"] }] };
    const cache = cacheOf(storage(), stranger);
    const place = { key: "k", namespace: "lab" };
    const calls = [
      cache.getCacheEntry(place),
      cache.setCacheEntry({ ...place, value: bytes("x") }),
      cache.incrementCacheEntry(place),
      cache.leaseCacheEntry(place),
      cache.returnCacheLease({ ...place, leaseId: randomUUID() }),
      cache.deleteCacheEntry(place),
      cache.deleteCacheEntries({ namespace: "lab" }),
    ];
    const failures = await Promise.all(calls.map((call) => failureOf(call)));
    const refused = { code: "NotFound", reason: "RESOURCE_NOT_FOUND", metadata: { namespace: "lab" } };
    expect(failures).toEqual(Array(calls.length).fill(refused));
    const { entry } = await cacheOf(storage(), owner).getCacheEntry(place);
    expect(Buffer.from(entry?.value ?? []).toString()).toBe("v");
  });

  test("OK: the same key of another organisation is another entry, whatever is done to it", async () => {
    const [owner, other] = [principal(), principal()];
    await cacheOf(storage(), owner).setCacheEntry({ key: "k", value: bytes("1") });
    const cache = cacheOf(storage(), other);
    expect(await cache.incrementCacheEntry({ key: "k" })).toMatchObject({ sum: 1n });
    await cache.setCacheEntry({ key: "k", value: bytes("other") });
    await cache.deleteCacheEntry({ key: "k" });
    await cache.deleteCacheEntries({});
    expect(await textOf(storage(), owner, "k")).toBe("1");
  });
});
