import { expect, test } from "vitest";
import { failureOf } from "../lib/failure-of.ts";
import { principal } from "../lib/test-mesh.ts";
import { bytes, cacheOf, describeCaches } from "./cache-stores.ts";
import { mib } from "./fixtures.ts";
import { keyOf, minute, resultsOf } from "./results.ts";

const key = keyOf("k");

describeCaches((storage) => {
  test("OK: a result replaces the one before, and counts in the organisation's usage", async () => {
    const who = principal();
    const results = resultsOf(storage(), who);
    await results.setResult({ key, value: bytes("one"), ttl: minute });
    await results.setResult({ key, value: bytes("two"), ttl: minute });
    expect((await results.leaseResult({ key, lease: minute })).value).toEqual(Buffer.from("two"));
    expect(await cacheOf(storage(), who).getCacheUsage({})).toMatchObject({ entryCount: 1n });
  });

  test("OK: callers neither read nor replace it by its key; with all of a namespace they remove it", async () => {
    const who = principal();
    const [results, cache] = [resultsOf(storage(), who), cacheOf(storage(), who)];
    await results.setResult({ key, value: bytes("result"), ttl: minute });
    expect(await failureOf(cache.getCacheEntry({ key }))).toMatchObject({ code: "NotFound" });
    expect(await failureOf(cache.getCacheEntry({ key: `\u0001${key}` }))).toMatchObject({
      code: "InvalidArgument",
    });
    await cache.setCacheEntry({ key, value: bytes("forged") });
    expect((await results.leaseResult({ key, lease: minute })).value).toEqual(Buffer.from("result"));
    expect(await cache.deleteCacheEntries({})).toMatchObject({ entryCount: 2n });
    expect((await results.leaseResult({ key, lease: minute })).value).toBeUndefined();
  });

  test("ResourceExhausted: a result that exceeds the organisation's limit alone", async () => {
    const call = resultsOf(storage(), principal()).setResult({
      key,
      value: new Uint8Array(mib),
      ttl: minute,
    });
    expect(await failureOf(call)).toMatchObject({
      code: "ResourceExhausted",
      reason: "CACHE_ENTRY_TOO_LARGE",
    });
  });

  test("InvalidArgument: a key that is no hash, no lifetime", async () => {
    const results = resultsOf(storage(), principal());
    for (const [field, request] of [
      ["key", { key: "k", ttl: minute }],
      ["ttl", { key }],
    ] as const)
      expect(await failureOf(results.setResult(request))).toMatchObject({
        code: "InvalidArgument",
        fields: [field],
      });
  });

  test("PermissionDenied: another process than orchestration", async () => {
    const call = resultsOf(storage(), principal(), "staging").setResult({ key, ttl: minute });
    expect(await failureOf(call)).toMatchObject({ code: "PermissionDenied" });
  });
});
