import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { expect, test } from "vitest";
import { createFairCache } from "../../edge/cache/fair-cache.ts";
import { CachedService } from "../../gen/sluice/test/v1/cached_pb.ts";
import { guard } from "../../services/lib/rpc/guard.ts";
import { http1, http2 } from "./lib/raw-http.ts";
import { apiKeyOf, startTestEdge, tokenOf } from "./lib/test-edge.ts";

/** An edge with a cache of 1 MiB, and the number of calls that reached the service. */
async function startCached(options: NonNullable<Parameters<typeof startTestEdge>[0]> = {}) {
  const counts = { calls: 0 };
  const service = guard(CachedService, {
    countOwn: ({ fail }) => {
      counts.calls += 1;
      if (fail) throw new ConnectError("no", Code.Aborted);
      return { calls: counts.calls };
    },
    countShared: () => {
      counts.calls += 1;
      return { calls: counts.calls };
    },
  });
  const edge = await startTestEdge({ guarded: [service], responseCacheBytesMax: 1024 * 1024, ...options });
  const get = async (path: string, headers: Record<string, string>, send = http1) => {
    const { status, body, headers: answered } = await send(edge.port, `/test/v1/cached/${path}`, { headers });
    return { status, calls: body ? JSON.parse(body).calls : undefined, headers: answered };
  };
  return { edge, counts, get, [Symbol.asyncDispose]: () => edge[Symbol.asyncDispose]() };
}

test("OK: the same call is answered from memory, in every protocol, and revalidated", async () => {
  await using cached = await startCached();
  const ann = tokenOf("o1", "ann");
  const first = await cached.get("own?name=a", ann);
  expect(first).toMatchObject({ status: 200, calls: 1, headers: { "cache-control": "private, no-cache" } });
  expect(await cached.get("own?name=a", ann, http2)).toMatchObject({ status: 200, calls: 1 });
  const condition = { ...ann, "if-none-match": String(first.headers.etag) };
  expect((await cached.get("own?name=a", condition)).status).toBe(304);
  const { url: baseUrl } = cached.edge;
  const transports = [
    createConnectTransport({ baseUrl, httpVersion: "1.1" }),
    createConnectTransport({ baseUrl, httpVersion: "1.1", useHttpGet: true }),
    createGrpcTransport({ baseUrl }),
  ];
  for (const transport of transports) {
    const { calls } = await createClient(CachedService, transport).countOwn({ name: "a" }, { headers: ann });
    expect(calls).toBe(1);
  }
  expect(cached.counts.calls).toBe(1);
  expect(await cached.get("own?name=b", ann)).toMatchObject({ calls: 2 });
});

test("OK: an answer is for its user alone, unless the contract shares it among equal rights", async () => {
  await using cached = await startCached();
  const callers = [tokenOf("o1", "ann"), tokenOf("o1", "bob"), apiKeyOf("o1", "key"), tokenOf("o2", "ann")];
  const own = await Promise.all(callers.map((headers) => cached.get("own", headers)));
  expect(new Set(own.map(({ calls }) => calls)).size).toBe(4);
  cached.counts.calls = 0;
  for (const headers of callers.slice(0, 3))
    expect(await cached.get("shared", headers)).toMatchObject({ calls: 1 });
  expect(await cached.get("shared", tokenOf("o2", "ann"))).toMatchObject({ calls: 2 });
});

test("PermissionDenied: a right that was revoked is not served from memory, and a given one not refused", async () => {
  await using cached = await startCached();
  const as = (roles: string) => tokenOf("o1", `ann/${roles}`);
  expect(await cached.get("shared", as("viewer"))).toMatchObject({ status: 200, calls: 1 });
  expect(await cached.get("own", as("viewer"))).toMatchObject({ status: 200, calls: 2 });
  for (const path of ["shared", "own"]) {
    expect((await cached.get(path, as("none"))).status).toBe(403);
    expect((await cached.get(path, {})).status).toBe(401);
    expect(await cached.get(path, as("editor"))).toMatchObject({ status: 200 });
  }
  expect(cached.counts.calls).toBe(4);
});

test("Aborted: errors are not cached", async () => {
  await using cached = await startCached();
  const ann = tokenOf("o1", "ann");
  expect((await cached.get("own?fail=1", ann)).status).toBe(409);
  expect((await cached.get("own?fail=1", ann)).status).toBe(409);
  expect(cached.counts.calls).toBe(2);
});

test("OK: headers that the service sees belong to the request", async () => {
  await using cached = await startCached({ passedHeaders: ["x-tenant"] });
  const ann = tokenOf("o1", "ann");
  expect(await cached.get("own", { ...ann, "x-tenant": "a" })).toMatchObject({ calls: 1 });
  expect(await cached.get("own", { ...ann, "x-tenant": "b" })).toMatchObject({ calls: 2 });
  expect(await cached.get("own", { ...ann, "x-tenant": "a" })).toMatchObject({ calls: 1 });
});

test("OK: without memory, every call reaches the service", async () => {
  await using cached = await startCached({ responseCacheBytesMax: 0 });
  for (const calls of [1, 2]) expect(await cached.get("own", tokenOf("o1", "ann"))).toMatchObject({ calls });
});

test("OK: an entry ends with its age", () => {
  let nowMs = 0;
  const cache = createFairCache<string>(100_000, () => nowMs);
  cache.set("o", "k", { value: "v", bytes: 1, untilMs: 10 });
  nowMs = 9;
  expect(cache.get("o", "k")).toBe("v");
  nowMs = 10;
  expect([cache.get("o", "k"), cache.bytes()]).toEqual([undefined, 0]);
});

test("OK: memory is bounded, and the owner of most makes room", () => {
  const cache = createFairCache<number>(100_000, () => 0);
  const set = (owner: string, key: string) => cache.set(owner, key, { value: 1, bytes: 600, untilMs: 1 });
  set("small", "a");
  set("small", "b");
  for (let at = 0; at < 1_000; at += 1) set("large", String(at));
  expect(cache.bytes()).toBeLessThanOrEqual(100_000);
  expect([cache.get("small", "a"), cache.get("small", "b")]).toEqual([1, 1]);
  expect([cache.get("large", "0"), cache.get("large", "999")]).toEqual([undefined, 1]);
  cache.get("large", "950");
  cache.set("large", "huge", { value: 1, bytes: 50_000, untilMs: 1 });
  expect(cache.get("large", "huge")).toBeUndefined();
  set("small", "a");
  expect(cache.bytes()).toBeLessThanOrEqual(100_000);
});
