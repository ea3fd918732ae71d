import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  createGrpcTransport as createConnectGrpcTransport,
  createConnectTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { describe, expect, test } from "vitest";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { ResilienceService } from "../../gen/sluice/test/v1/resilience_pb.ts";
import { type Backend, startBackend, startEdgeBefore } from "./lib/resilience.ts";

// What a caller of the edge notices of what happens behind it: as little as its contracts allow.

/** Makes a call and answers which process answered. */
type Calls = {
  read(key: string): Promise<string>;
  write(key: string, requestId: string): Promise<string>;
};

const overRest = (url: string): Calls => {
  const call = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${url}/test/v1/resilience${path}`, init);
    const answer = (await response.json()) as { server: string; error?: { message: string } };
    if (!response.ok) throw new ConnectError(answer.error?.message ?? "", Code.Unavailable);
    return answer.server;
  };
  return {
    read: (key) => call(`/${key}`),
    write: (key, requestId) =>
      call("", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ key, requestId }),
      }),
  };
};

const over =
  (createTransport: (options: { baseUrl: string; httpVersion: "1.1" }) => Transport) =>
  (baseUrl: string): Calls => {
    const client = createClient(ResilienceService, createTransport({ baseUrl, httpVersion: "1.1" }));
    return {
      read: async (key) => (await client.read({ key })).server,
      write: async (key, requestId) => (await client.write({ key, requestId })).server,
    };
  };

const protocols: [name: string, calls: (url: string) => Calls][] = [
  ["REST", overRest],
  ["Connect", over(createConnectTransport)],
  ["gRPC-Web", over(createGrpcWebTransport)],
  ["gRPC", over(({ baseUrl }) => createConnectGrpcTransport({ baseUrl }))],
];

/** Calls again and again, several at a time, while `work` is done and as often again; answers what failed. */
async function callDuring(call: (key: string) => Promise<unknown>, work: () => Promise<void>) {
  const failures: unknown[] = [];
  let calls = 0;
  let left = Number.POSITIVE_INFINITY;
  const callers = Array.from({ length: 4 }, async () => {
    for (; left > 0; left -= 1) {
      calls += 1;
      await call(`key-${calls}`).catch((error: unknown) => failures.push(error));
    }
  });
  await work();
  left = 40;
  await Promise.all(callers);
  return { calls, failures };
}

/** Until so many calls have reached the process. */
const reached = (backend: Backend, calls: number) =>
  expect.poll(() => backend.begun().length, { interval: 5 }).toBeGreaterThan(calls);

const twice = (backends: readonly Backend[]): string[] => {
  const keys = backends.flatMap((backend) => backend.begun().map(({ key }) => key));
  return keys.filter((key, at) => keys.indexOf(key) !== at);
};

describe.each(protocols)("%s: a service is killed and started again", (_, callsOf) => {
  const restarted = async (call: (calls: Calls, key: string) => Promise<string>) => {
    await using backend = await startBackend("a");
    await using edge = await startEdgeBefore([backend.address]);
    const calls = callsOf(edge.url);
    const { failures } = await callDuring(
      (key) => call(calls, key),
      async () => {
        await reached(backend, 20);
        await backend.end("SIGKILL");
        await backend.start();
      },
    );
    return { failures, twice: twice([backend]) };
  };

  test("OK: no call without side effects fails", async () => {
    expect((await restarted((calls, key) => calls.read(key))).failures).toEqual([]);
  });

  test("OK: no call with a request_id fails", async () => {
    expect((await restarted((calls, key) => calls.write(key, key))).failures).toEqual([]);
  });

  test("Unavailable: no other call is made twice", async () => {
    const { failures, twice } = await restarted((calls, key) => calls.write(key, ""));
    expect(twice).toEqual([]);
    expect(failures.length).toBeGreaterThan(0);
    for (const failure of failures) expect(ConnectError.from(failure).code).toBe(Code.Unavailable);
  });
});

test("OK: a stream that has not begun waits for a service that is started again", async () => {
  await using backend = await startBackend("a");
  await using edge = await startEdgeBefore([backend.address]);
  const follow = async () => (await fetch(`${edge.url}/test/v1/resilience/k:follow`)).json();
  const answers = [{ server: "a" }, { server: "a" }, { server: "a" }];
  expect(await follow()).toEqual(answers);
  await backend.end("SIGKILL");
  const waiting = follow();
  await backend.start();
  expect(await waiting).toEqual(answers);
});

test("OK: a process that is told to end costs no call at all while there is another", async () => {
  await using one = await startBackend("one");
  await using other = await startBackend("other");
  await using edge = await startEdgeBefore([one.address, other.address]);
  const { write } = overRest(edge.url);
  const { failures } = await callDuring(
    (key) => write(key, ""),
    async () => {
      await reached(one, 10);
      await one.end("SIGTERM");
    },
  );
  expect(failures).toEqual([]);
  expect(twice([one, other])).toEqual([]);
});

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
  await expect.poll(async () => [await read("k"), await read("k"), await read("k")]).not.toContain("one");
  for (let call = 0; call < 30; call += 1) expect(await read("k")).toBe("other");
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
  /** Two calls that wait for a process that was killed, and the third, which was one too many. */
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
    // Their places are free again.
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
    expect(await statuses()).toEqual([504, 504]);
  });
});

describe.each(protocols)("%s: nobody is there", (_, callsOf) => {
  test("Unavailable: within 100 ms, with the time after which to try again", async () => {
    await using backend = await startBackend("a");
    await using edge = await startEdgeBefore([backend.address]);
    const { write } = callsOf(edge.url);
    await write("k", "");
    await backend.end("SIGKILL");
    const tooks: number[] = [];
    for (let call = 0; call < 5; call += 1) {
      const start = performance.now();
      const error = await write("k", "").then(() => undefined, ConnectError.from);
      tooks.push(performance.now() - start);
      expect([error?.code, error?.rawMessage]).toEqual([Code.Unavailable, "test does not answer"]);
      if (_ !== "REST") expect(error?.findDetails(RetryInfoSchema)).toHaveLength(1);
    }
    expect(Math.min(...tooks)).toBeLessThan(100);
  });
});
