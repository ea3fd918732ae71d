import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { startBackend, startEdgeBefore } from "./lib/resilience.ts";
import { type Calls, callDuring, overRest, protocols, reached, twice } from "./lib/resilience-callers.ts";

// Effects of a restarting upstream on callers of the edge: as few as the contracts allow.

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

describe.each(protocols)("%s: nobody is there", (_, callsOf) => {
  test("Unavailable: within 100 ms, with the time after which to try again", async () => {
    await using backend = await startBackend("a");
    await using edge = await startEdgeBefore([backend.address]);
    const { write } = callsOf(edge.url);
    await write("k", "");
    await backend.end("SIGKILL");
    const tooks: number[] = [];
    // The fastest counts: others wait for a busy machine, not for the backend.
    while (Math.min(...tooks) >= 100 && tooks.length < 50) {
      const start = performance.now();
      const error = await write("k", "").then(() => undefined, ConnectError.from);
      tooks.push(performance.now() - start);
      expect([error?.code, error?.rawMessage]).toEqual([Code.Unavailable, "test does not answer"]);
      if (_ !== "REST") expect(error?.findDetails(RetryInfoSchema)).toHaveLength(1);
    }
    expect(Math.min(...tooks)).toBeLessThan(100);
  });
});
