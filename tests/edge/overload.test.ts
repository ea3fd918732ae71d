import { describe, expect, test } from "vitest";
import { startBackend, startEdgeBefore } from "./lib/resilience.ts";
import { overRest } from "./lib/resilience-callers.ts";

// Protection of upstreams that fail or are overloaded.

test("Unavailable: a service that fails all the time is not asked much more for it", async () => {
  await using backend = await startBackend("a");
  await backend.set("failing");
  await using edge = await startEdgeBefore([backend.address]);
  const { read } = overRest(edge.url);
  const calls = 300;
  for (let call = 0; call < calls; call += 20) {
    await Promise.all(Array.from({ length: 20 }, () => expect(read("k")).rejects.toThrow("does not answer")));
  }
  const begun = backend.begun();
  expect(begun.length).toBeGreaterThan(calls);
  expect(begun.length).toBeLessThan(calls * 1.3);
  expect(new Set(begun.map(({ triesBefore }) => triesBefore))).toEqual(new Set([0, 1, 2, 3]));
});

test("Unavailable: an upstream with too many calls under way gets no more", async () => {
  await using backend = await startBackend("a");
  await backend.set("stuck");
  await using edge = await startEdgeBefore([backend.address], { callsMax: 2 });
  const stop = new AbortController();
  const url = `${edge.url}/test/v1/resilience/k`;
  const stuck = [1, 2].map(() => fetch(url, { signal: stop.signal }).catch(() => undefined));
  await expect.poll(() => backend.begun().length).toBe(2);
  const refused = await fetch(url);
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(await refused.json()).toMatchObject({ error: { message: "test has too many calls under way" } });
  stop.abort();
  await Promise.all(stuck);
  await backend.set("usual");
  await expect.poll(() => overRest(edge.url).read("k").catch(String)).toBe("a");
});

describe.each([
  ["a call", ""],
  ["a stream", ":follow"],
])("an upstream that too many calls wait for: %s", (_, verb) => {
  /** Two calls that wait for a killed process, and a third over the limit. */
  async function startThree(signal?: AbortSignal) {
    await using stack = new AsyncDisposableStack();
    const backend = stack.use(await startBackend("a"));
    const edge = stack.use(await startEdgeBefore([backend.address], { waitingMax: 2, restartMs: 100_000 }));
    const call = (key: string, init?: RequestInit) =>
      fetch(`${edge.url}/test/v1/resilience/${key}${verb}`, init);
    await (await call("before")).text();
    await backend.end("SIGKILL");
    const calls = ["1", "2", "3"].map((key) => call(key, { ...(signal && { signal }) }));
    for (const one of calls) one.catch(() => undefined);
    const refused = await Promise.race(calls);
    const owned = stack.move();
    return { backend, call, calls, refused, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  }

  test("Unavailable: one more is refused at once and never sent; those that wait are answered", async () => {
    await using three = await startThree();
    const { backend, calls, refused } = three;
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await refused.json()).toMatchObject({
      error: {
        message: "test has too many calls under way",
        details: [
          { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "SERVICE_BUSY" },
          { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1s" },
        ],
      },
    });
    await backend.start();
    const statuses = await Promise.all(calls.map(async (one) => (await one).status));
    expect(statuses.sort()).toEqual([200, 200, 503]);
    expect(backend.begun()).toHaveLength(3);
    // Their permits are free again.
    await backend.end("SIGKILL");
    const again = ["4", "5"].map((key) => three.call(key));
    const third = await Promise.race([...again, three.call("6")]);
    expect(third.status).toBe(503);
    await backend.start();
  });

  test("OK: a caller that goes away leaves its place to others, and so does one whose time is up", async () => {
    const stop = new AbortController();
    await using three = await startThree(stop.signal);
    expect(three.refused.status).toBe(503);
    stop.abort();
    const headers = { "grpc-timeout": "100m" };
    const status = async () => (await three.call("late", { headers })).status;
    const statuses = () => Promise.all([status(), status()]);
    await expect.poll(statuses).toEqual([504, 504]);
    // The permit is returned after the response is sent: the next call can come before it.
    await expect.poll(statuses).toEqual([504, 504]);
  });
});
