import type { ServerHttp2Stream } from "node:http2";
import { expect, test } from "vitest";
import { startRawUpstream } from "./lib/raw-upstream.ts";
import { startBackend, startEdgeBefore } from "./lib/resilience.ts";
import { callDuring, overRest, reached } from "./lib/resilience-callers.ts";

// Load balancing among the processes of an upstream.

test("OK: a stopped process is found out by its silence, left out, and taken in again", async () => {
  await using one = await startBackend("one");
  await using other = await startBackend("other");
  const limits = { silenceMs: 200, pingMs: 200, connectMs: 500 };
  await using edge = await startEdgeBefore([one.address, other.address], limits);
  const { read } = overRest(edge.url);
  await expect.poll(() => read("k")).toBe("one");
  await expect.poll(() => read("k")).toBe("other");
  one.signal("SIGSTOP");
  const answers = await Promise.all(Array.from({ length: 20 }, () => read("k")));
  expect(new Set(answers)).toEqual(new Set(["other"]));
  for (let call = 0; call < 20; call += 1) expect(await read("k")).toBe("other");
  one.signal("SIGCONT");
  await expect.poll(() => read("k")).toBe("one");
});

test("OK: an address where nobody listens is not used", async () => {
  await using backend = await startBackend("a");
  await using edge = await startEdgeBefore(["127.0.0.1:1", backend.address]);
  const { write } = overRest(edge.url);
  for (let call = 0; call < 20; call += 1) expect(await write(`k${call}`, "")).toBe("a");
});

test("OK: a name is looked up", async () => {
  await using backend = await startBackend("a");
  await using edge = await startEdgeBefore([backend.address.replace("127.0.0.1", "localhost")]);
  expect(await overRest(edge.url).write("k", "")).toBe("a");
});

test("OK: a slow process gets fewer calls than a fast one", async () => {
  await using slow = await startBackend("slow");
  await using fast = await startBackend("fast");
  await slow.set("slow");
  await using edge = await startEdgeBefore([slow.address, fast.address]);
  const { read } = overRest(edge.url);
  const { calls } = await callDuring(read, () => reached(fast, 100));
  expect(slow.begun().length).toBeLessThan(calls / 3);
});

test("OK: a process that says it does not serve gets no calls until it does", async () => {
  await using one = await startBackend("one");
  await using other = await startBackend("other");
  await using edge = await startEdgeBefore([one.address, other.address]);
  const { read } = overRest(edge.url);
  await expect.poll(() => read("k")).toBe("one");
  await one.set("not serving");
  // Fewer calls could all reach the other one by chance.
  const servers = async () => {
    const names = [];
    for (let call = 0; call < 30; call += 1) names.push(await read("k"));
    return new Set(names);
  };
  await expect.poll(servers).toEqual(new Set(["other"]));
  await one.set("usual");
  await expect.poll(() => read("k")).toBe("one");
});

test("OK: a process that fails time after time is left out", async () => {
  await using sound = await startBackend("sound");
  await using failing = await startBackend("failing");
  await failing.set("failing");
  await using edge = await startEdgeBefore([sound.address, failing.address]);
  const { read } = overRest(edge.url);
  await callDuring(read, () => reached(failing, 4));
  const before = failing.begun().length;
  for (let call = 0; call < 30; call += 1) expect(await read("k")).toBe("sound");
  expect(failing.begun().length).toBe(before);
});

/** Responds to a call with an empty message. */
function respond(stream: ServerHttp2Stream): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(Buffer.alloc(5));
}

test.each(["", ":follow"])("OK: a call counts for its address until it is cancelled (%s)", async (suffix) => {
  let begun = 0;
  let gone = new AbortController();
  let ended = Promise.resolve();
  await using silent = await startRawUpstream((stream) => {
    begun += 1;
    ended = new Promise((resolve) => stream.once("close", resolve));
    gone.abort();
  });
  await using other = await startRawUpstream(respond);
  await using edge = await startEdgeBefore([silent.address, other.address]);
  for (let call = 0; call < 40; call += 1) {
    gone = new AbortController();
    const { signal } = gone;
    await fetch(`${edge.url}/test/v1/resilience/k${suffix}`, { signal })
      .then((response) => response.text())
      .catch((error: Error) => expect(error.name).toBe("AbortError"));
    await ended;
  }
  // An address that still had a call would get none while the other has none.
  expect(begun).toBeGreaterThan(1);
});

test.each(["", ":follow"])("OK: an address that meets no deadline is left out (%s)", async (suffix) => {
  let begun = 0;
  await using silent = await startRawUpstream(() => {
    begun += 1;
  });
  await using other = await startRawUpstream(respond);
  await using edge = await startEdgeBefore([silent.address, other.address], { ejectionMs: 600_000 });
  const headers = { "connect-timeout-ms": "200" };
  const read = async () => {
    const response = await fetch(`${edge.url}/test/v1/resilience/k${suffix}`, { headers });
    await response.text();
  };
  for (let call = 0; call < 200 && begun < 5; call += 1) await read();
  for (let call = 0; call < 20; call += 1) await read();
  expect(begun).toBe(5);
});
