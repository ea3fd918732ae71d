import { expect, test } from "vitest";
import { failureOf, lacking } from "../lib/failure-of.ts";
import { principal } from "../lib/test-mesh.ts";
import { bytes, cacheOf, describeCaches, startCachedStorage, textOf } from "./cache-stores.ts";
import { kib, mib } from "./fixtures.ts";

const big = new Uint8Array(100 * kib);

describeCaches((storage) => {
  test("OK: an entry replaces the one before, in a namespace of its own", async () => {
    const who = principal();
    const cache = cacheOf(storage(), who);
    const { entry: first } = await cache.setCacheEntry({ key: "k", value: bytes("one") });
    const { entry: second } = await cache.setCacheEntry({ key: "k", value: bytes("two") });
    await cache.setCacheEntry({ key: "k", namespace: "lab", value: bytes("three") });
    expect(first?.etag).not.toBe(second?.etag);
    expect(await textOf(storage(), who, "k")).toBe("two");
    expect(await cache.getCacheUsage({})).toMatchObject({ entryCount: 2n });
  });

  test("Aborted: the entry was changed since its etag was read, or is gone; one of many wins", async () => {
    const who = principal();
    const cache = cacheOf(storage(), who);
    const { entry } = await cache.setCacheEntry({ key: "k", value: bytes("0") });
    const etag = entry?.etag ?? "";
    const racing = Array.from({ length: 12 }, (_, at) =>
      failureOf(cache.setCacheEntry({ key: "k", value: bytes(`${at}`), etag })).catch(() => "set"),
    );
    const outcomes = await Promise.all(racing);
    const changed = { code: "Aborted", reason: "ETAG_MISMATCH", metadata: { "cache entry": "k" } };
    expect(outcomes.filter((outcome) => outcome !== "set")).toEqual(Array(11).fill(changed));
    expect(await textOf(storage(), who, "k")).toBe(`${outcomes.indexOf("set")}`);
    await cache.deleteCacheEntry({ key: "k" });
    expect(await failureOf(cache.setCacheEntry({ key: "k", value: bytes("x"), etag }))).toEqual(changed);
  });

  test("AlreadyExists: only_if_absent beside a live entry, and no longer beside an expired one", async () => {
    const cache = cacheOf(storage(), principal());
    await cache.setCacheEntry({ key: "k", value: bytes("1"), ttl: { nanos: 300_000_000 } });
    const again = () => cache.setCacheEntry({ key: "k", value: bytes("2"), onlyIfAbsent: true });
    expect(await failureOf(again())).toEqual({
      code: "AlreadyExists",
      reason: "RESOURCE_EXISTS",
      metadata: { "cache entry": "k" },
    });
    await expect
      .poll(() =>
        again().then(
          () => "set",
          () => "exists",
        ),
      )
      .toBe("set");
  });

  test("OK: the least recently used entries make room, and only those of the organisation", async () => {
    const [who, other] = [principal(), principal()];
    await cacheOf(storage(), other).setCacheEntry({ key: "theirs", value: big });
    const cache = cacheOf(storage(), who);
    for (let at = 0; at < 25; at += 1) await cache.setCacheEntry({ key: `${at}`, value: big });
    const { usedBytes, entryCount, limitBytes } = await cache.getCacheUsage({});
    expect(limitBytes).toBe(BigInt(mib));
    expect(usedBytes).toBeLessThanOrEqual(limitBytes);
    expect(entryCount).toBeGreaterThan(8n);
    expect(await textOf(storage(), who, "0")).toBeUndefined();
    expect(await textOf(storage(), who, "24")).toBeDefined();
    expect(await textOf(storage(), other, "theirs")).toBeDefined();
  });

  test("OK: the entries of many callers at once are counted right", async () => {
    const cache = cacheOf(storage(), principal());
    const value = new Uint8Array(10 * kib);
    const sets = Array.from({ length: 40 }, (_, at) => cache.setCacheEntry({ key: `${at % 20}`, value }));
    await Promise.all(sets);
    const each = "default".length + 100 + value.length;
    expect(await cache.getCacheUsage({})).toMatchObject({
      entryCount: 20n,
      usedBytes: BigInt(20 * each + 10 + 20),
    });
    await cache.deleteCacheEntries({});
    expect(await cache.getCacheUsage({})).toMatchObject({ entryCount: 0n, usedBytes: 0n });
  });

  test("InvalidArgument: a lifetime of nothing, or of more than 30 days", async () => {
    const cache = cacheOf(storage(), principal());
    for (const ttl of [{ seconds: 0n }, { seconds: -1n }, { seconds: 2_592_001n }])
      expect(await failureOf(cache.setCacheEntry({ key: "k", ttl }))).toMatchObject({
        code: "InvalidArgument",
        fields: ["ttl"],
      });
  });

  test("PermissionDenied: a viewer", async () => {
    const viewer = cacheOf(storage(), principal({ roles: ["viewer"] }));
    expect(await failureOf(viewer.setCacheEntry({ key: "k" }))).toEqual(lacking("storage.cache.write"));
  });
});

test("ResourceExhausted: an entry that alone exceeds the organisation's limit", async () => {
  await using storage = await startCachedStorage({ orgBytes: 10 * kib });
  const call = cacheOf(storage, principal()).setCacheEntry({ key: "k", value: big });
  expect(await failureOf(call)).toEqual({
    code: "ResourceExhausted",
    reason: "CACHE_ENTRY_TOO_LARGE",
    metadata: { size_bytes: String(100 * kib + 108), limit_bytes: String(10 * kib) },
  });
});
