import { randomBytes } from "node:crypto";
import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../../lib/for-file.ts";
import { createFileSource, failureOf, startOrchestration } from "../orchestration.ts";
import type { Peers } from "../peers.ts";

type Results = Peers["results"];

const timeoutMs = 150;

const mesh = forFile(() => startOrchestration({ RESULT_CACHE_TIMEOUT_MS: String(timeoutMs) }));

const dead = () => {
  throw new ConnectError("gone", Code.Unavailable);
};

/** A source of a new organisation, on a cache that behaves as given. */
async function startWith(results: Partial<Results>) {
  const calls: string[] = [];
  const noted =
    <A extends unknown[], R>(name: string, work: (...args: A) => R) =>
    (...args: A): R => {
      calls.push(name);
      return work(...args);
    };
  mesh().peers.results = {
    leaseResult: noted("lease", results.leaseResult ?? dead),
    setResult: noted("set", results.setResult ?? dead),
    returnResultLease: noted("return", results.returnResultLease ?? dead),
  };
  const user = mesh().user();
  const sourceId = await createFileSource(mesh(), user, "t.csv", "a\n1\n2\n");
  return {
    calls,
    /** Runs a statement. Returns the first value, and whether it is from the cache. */
    async run(sql = "SELECT sum(a) FROM t", statementMs = 30_000) {
      const timeout = durationFromMs(statementMs);
      const { rows, fromCache } = await user.executions.executeQuery({ sourceId, sql, timeout });
      return [rows[0]?.values[0]?.kind.value, fromCache];
    },
  };
}

const computed = ["3", false];
const lease = { leaseId: "7c9e6679-7425-40de-944b-e07fc1f90ae7" };

test("OK: a cache that hangs holds a statement for the time that is set, and no longer", async () => {
  const deadlines: (number | undefined)[] = [];
  const cache = await startWith({
    leaseResult: (_request, context) => {
      deadlines.push(context.timeoutMs());
      const { promise, reject } = Promise.withResolvers<never>();
      context.signal.addEventListener("abort", () => reject(context.signal.reason));
      return promise;
    },
  });
  expect(await cache.run()).toEqual(computed);
  expect(deadlines).toHaveLength(1);
  expect(deadlines[0]).toBeLessThanOrEqual(timeoutMs);
});

test("OK: garbage, a value of another place and an empty one are misses", async () => {
  const kept: Uint8Array[] = [];
  let answer: () => object = () => lease;
  const cache = await startWith({
    leaseResult: () => answer(),
    setResult: ({ value }) => {
      kept.push(value);
      return {};
    },
  });
  await cache.run("SELECT 'of another statement'");
  await expect.poll(() => kept.length).toBe(1);
  const good = Buffer.from(kept[0] ?? []);
  const flipped = Buffer.from(good);
  flipped[20] = (flipped[20] ?? 0) ^ 1;
  for (const value of [good, flipped, randomBytes(100), good.subarray(0, 20), Buffer.of()]) {
    answer = () => ({ value });
    expect(await cache.run()).toEqual(computed);
  }
  // The kept rows are not readable in the cache.
  expect(good.includes("of another statement")).toBe(false);
});

test("OK: a cache that takes nothing, and one that refuses a namespace or a size", async () => {
  for (const code of [Code.Internal, Code.NotFound, Code.ResourceExhausted]) {
    const cache = await startWith({
      leaseResult: () => lease,
      setResult: () => {
        throw new ConnectError("no", code);
      },
    });
    for (let count = 0; count < 2; count++) expect(await cache.run()).toEqual(computed);
  }
});

test("OK: a lease that nobody ends delays a statement by a quarter of its time at most, in steps", async () => {
  const waits: number[] = [];
  const cache = await startWith({
    leaseResult: ({ wait }) => {
      waits.push(wait ? durationMs(wait) : 0);
      return {};
    },
  });
  expect(await cache.run(undefined, 61_000)).toEqual(computed);
  expect(waits).toEqual([0, ...Array(15).fill(1000), 250]);
});

test("InvalidArgument: after an error that lasts the lease ends with a note, and nobody waits", async () => {
  const ends: Uint8Array[] = [];
  const cache = await startWith({
    leaseResult: () => lease,
    setResult: ({ value }) => {
      ends.push(value);
      return {};
    },
  });
  expect(await failureOf(cache.run("SELECT nothing FROM t"))).toMatchObject({ code: Code.InvalidArgument });
  await expect.poll(() => ends.length).toBe(1);
});

test("DeadlineExceeded: a statement that is stopped returns its lease", async () => {
  const returned: string[] = [];
  const cache = await startWith({
    leaseResult: () => lease,
    returnResultLease: ({ leaseId }) => {
      returned.push(leaseId);
      return {};
    },
  });
  const endless = "SELECT count(*) FROM range(1000000000000000)";
  const failure = await failureOf(cache.run(endless, 1_000));
  expect(failure).toMatchObject({ code: Code.DeadlineExceeded });
  await expect.poll(() => returned).toEqual([lease.leaseId]);
});

// The last one, because no other call is made for some seconds.
test("OK: a dead cache is left alone after three failures", async () => {
  const cache = await startWith({});
  for (let count = 0; count < 6; count++) expect(await cache.run()).toEqual(computed);
  expect(cache.calls).toEqual(["lease", "lease", "lease"]);
});
