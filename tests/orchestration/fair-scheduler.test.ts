import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Owner, reserveOf } from "../../services/orchestration/scheduling/shares.ts";
import { sharesByHand, simulateLoad } from "./simulated-load.ts";

const interactive = (orgId: string, userId = "user"): Owner => ({ workClass: "interactive", orgId, userId });
const job = (orgId: string, userId = "user"): Owner => ({ workClass: "jobs", orgId, userId });
const endless = Number.POSITIVE_INFINITY;
/** Within this time a newcomer has its first permit, in milliseconds. */
const newcomerMs = 1_000;

describe("one owner", () => {
  test("OK: who is alone has all permits but the reserves of both classes", () => {
    const load = simulateLoad();
    for (let count = 0; count < 40; count += 1) load.send(interactive("a"), endless);
    expect([load.running.size, load.waiting.size]).toEqual([9, 31]);
    load.clock.runUntil(9_999);
    expect(load.running.size).toBe(9);
    expect(load.requests.filter(({ preemption }) => preemption)).toEqual([]);
  });

  test("Unavailable: one request more than a user may have waiting; those that waited too long", () => {
    const load = simulateLoad();
    for (let count = 0; count < 9 + 32 + 1; count += 1) load.send(interactive("a"), endless);
    expect(load.requests.at(-1)?.refusal).toEqual({ cause: { of: "user", max: 32 }, retryDelayMs: 4_556 });
    load.clock.runUntil(10_000);
    expect(load.waiting.size).toBe(0);
    const refused = load.requests.filter(({ refusal }) => refusal?.cause.of === "time");
    expect(refused).toHaveLength(32);
    // The work ahead has run for ten seconds, and its remaining time is unknown.
    expect(refused[0]?.refusal?.retryDelayMs).toBeGreaterThan(10_000);
  });

  test("OK: a withdrawn request leaves its place to the next", () => {
    const load = simulateLoad();
    const sent = Array.from({ length: 11 }, () => load.send(interactive("a"), endless));
    sent[9]?.withdraw();
    sent[0]?.release?.();
    expect(sent[10]?.waitedMs).toBe(0);
    expect(load.scheduler.count()).toEqual({ held: 9, waiting: 0 });
  });
});

describe("newcomers", () => {
  test("OK: another organisation, another user and a job start at once beside a greedy user", () => {
    const load = simulateLoad();
    for (let count = 0; count < 40; count += 1) load.send(interactive("greedy"), endless);
    expect(load.send(interactive("greedy", "colleague"), 10).waitedMs).toBe(0);
    expect(load.send(interactive("other"), 10).waitedMs).toBe(0);
    expect(load.send(job("greedy"), 10).waitedMs).toBe(0);
  });

  test("Aborted: the greedy user's longest makes room until the newcomer has its share", () => {
    const load = simulateLoad();
    for (let count = 0; count < 40; count += 1) load.send(interactive("greedy"), endless);
    load.clock.runUntil(100);
    for (let count = 0; count < 20; count += 1) load.send(interactive("other"), endless);
    load.clock.runUntil(100 + newcomerMs);
    expect(load.runningOf({ orgId: "other" })).toBe(4);
    expect(load.runningOf({ orgId: "greedy" })).toBeGreaterThanOrEqual(4);
    const ended = load.requests.filter(({ preemption }) => preemption);
    // Its earliest permits are its share.
    expect(ended.map((one) => load.requests.indexOf(one))).toEqual(ended.map((_, index) => 4 + index));
    expect(ended[0]?.preemption).toMatchObject({ of: "user", share: 4, ranMs: 400 });
  });

  test("OK: twenty newcomers at the same moment all have a permit or a share of them within a second", () => {
    const load = simulateLoad();
    for (let count = 0; count < 40; count += 1) load.send(interactive("greedy"), endless);
    const users = Array.from({ length: 6 }, (_, index) =>
      load.send(interactive("greedy", `u${index}`), endless),
    );
    const orgs = Array.from({ length: 4 }, (_, index) => load.send(interactive(`o${index}`), endless));
    load.clock.runUntil(newcomerMs);
    for (const { waitedMs } of orgs) expect(waitedMs).toBeLessThan(newcomerMs);
    // Five organisations share nine permits: the colleagues get the greedy user's.
    expect(load.runningOf({ orgId: "greedy" })).toBeLessThanOrEqual(8);
    expect(load.runningOf({ orgId: "greedy", userId: "user" })).toBeLessThanOrEqual(1);
    expect(users.filter(({ waitedMs }) => waitedMs !== undefined).length).toBeGreaterThan(1);
  });

  test("OK: three organisations end at equal shares, and one within its share loses nothing to the others", () => {
    const load = simulateLoad();
    const first = Array.from({ length: 3 }, () => load.send(interactive("within", "u1"), endless));
    for (let count = 0; count < 9; count += 1) load.send(interactive("beyond"), endless);
    for (let count = 0; count < 9; count += 1) load.send(interactive("late"), endless);
    for (let count = 0; count < 2; count += 1) load.send(interactive("within", "u2"), endless);
    load.clock.runUntil(newcomerMs);
    // One permit of the reserve is still in use.
    expect(["within", "beyond", "late"].map((orgId) => load.runningOf({ orgId }))).toEqual([3, 4, 3]);
    // The second user's permits came from the first user.
    expect(load.runningOf({ orgId: "within", userId: "u2" })).toBe(1);
    expect(first.filter(({ preemption }) => preemption)).toHaveLength(1);
  });

  test("OK: a permit that comes free goes to the organisation with the fewest, not to who came first", () => {
    const load = simulateLoad();
    for (let user = 0; user < 5; user += 1) load.send(interactive("many", `u${user}`), endless);
    const few = Array.from({ length: 5 }, () => load.send(interactive("few"), endless));
    const next = [5, 6].map((user) => load.send(interactive("many", `u${user}`), endless));
    const colleague = load.send(interactive("few", "colleague"), endless);
    const started = () => [...next, colleague].map(({ waitedMs }) => waitedMs !== undefined);
    expect(started()).toEqual([false, false, false]);
    few[0]?.release?.();
    expect(started()).toEqual([false, false, true]);
  });

  test("OK: nobody within their share is ended, however long it runs and whoever waits", () => {
    const load = simulateLoad();
    const first = Array.from({ length: 12 }, (_, index) => load.send(interactive(`o${index}`), endless));
    for (let count = 0; count < 100; count += 1) load.send(interactive(`late${count}`), endless);
    load.clock.runUntil(60_000);
    expect(first.filter(({ preemption }) => preemption)).toEqual([]);
  });
});

describe("the two classes", () => {
  test("OK: queries that took nearly all give jobs their part back, and jobs queries theirs", () => {
    for (const [greedy, late, part] of [
      [interactive, job, 3],
      [job, interactive, 6],
    ] as const) {
      const load = simulateLoad();
      for (let count = 0; count < 40; count += 1) load.send(greedy("greedy"), endless);
      for (let count = 0; count < 20; count += 1) load.send(late("late"), endless);
      load.clock.runUntil(newcomerMs);
      expect(load.runningOf({ orgId: "late" })).toBeGreaterThanOrEqual(part);
    }
  });

  test("OK: nobody's queries are ended for their own jobs", () => {
    const load = simulateLoad();
    for (let count = 0; count < 40; count += 1) load.send(interactive("a"), endless);
    for (let count = 0; count < 20; count += 1) load.send(job("a"), endless);
    load.clock.runUntil(5_000);
    expect(load.requests.filter(({ preemption }) => preemption)).toEqual([]);
  });
});

describe("a full queue", () => {
  test("Unavailable: the organisation with the most waiting loses its newest to a newcomer", () => {
    const load = simulateLoad();
    // Each is within its share, so none is preempted.
    for (let count = 0; count < 11; count += 1) load.send(interactive(`running${count}`), endless);
    for (let org = 0; org < 4; org += 1) {
      for (let count = 0; count < 64; count += 1) load.send(interactive(`o${org}`, `u${count % 2}`), endless);
    }
    expect(load.waiting.size).toBe(256);
    expect(load.send(interactive("newcomer"), endless).refusal).toBeUndefined();
    expect(load.waiting.size).toBe(256);
    const refused = () =>
      load.requests.flatMap((one) => (one.refusal ? [[one.orgId, one.refusal.cause.of]] : []));
    expect(refused()).toEqual([["o0", "all"]]);
    // Within an organisation, the user with the most requests loses.
    expect(load.send(interactive("o1", "u0"), endless).refusal?.cause).toEqual({ of: "user", max: 32 });
    expect(load.send(interactive("o1", "newcomer"), endless).refusal).toBeUndefined();
    expect(refused().at(0)).toEqual(["o0", "all"]);
    expect(load.requests.filter(({ refusal }) => refusal?.cause.of === "org")).toMatchObject([
      { orgId: "o1", userId: "u0" },
    ]);
  });
});

/** Load of an organisation: the number of requests of each user. */
const orgDemand = fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1, maxLength: 3 });

test("property: everybody has their max-min fair share of endless work within a second, organisations and users", () => {
  const demands = fc.array(orgDemand, { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(demands, fc.integer({ min: 12, max: 40 }), (orgs, permits) => {
      const load = simulateLoad(permits);
      const users = orgs.flatMap((counts, org) =>
        counts.map((count, user) => ({ owner: interactive(`o${org}`, `u${user}`), count })),
      );
      for (const { owner, count } of users) {
        for (let sent = 0; sent < count; sent += 1) load.send(owner, endless);
      }
      load.clock.runUntil(newcomerMs);
      const { guarantees } = load.options;
      const reserves = reserveOf(guarantees.interactive) + reserveOf(guarantees.jobs);
      const orgShares = sharesByHand(orgs.map(sum), permits - reserves);
      const userShares = orgs.flatMap((counts, org) => sharesByHand(counts, orgShares[org] ?? 0));
      for (const [org, share] of orgShares.entries()) {
        expect(load.runningOf({ orgId: `o${org}` })).toBeGreaterThanOrEqual(share);
      }
      for (const [index, { owner }] of users.entries()) {
        expect(load.runningOf(owner)).toBeGreaterThanOrEqual(userShares[index] ?? 0);
      }
    }),
    { numRuns: 300 },
  );
});

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

test("property: whatever comes, permits are conserved, queues bounded, and nobody is ended within their share", () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant("send" as const),
      workClass: fc.constantFrom("interactive" as const, "jobs" as const),
      org: fc.integer({ min: 0, max: 5 }),
      user: fc.integer({ min: 0, max: 3 }),
      count: fc.integer({ min: 1, max: 30 }),
      workMs: fc.constantFrom(5, 200, 3_000, 60_000),
    }),
    fc.record({ kind: fc.constant("run" as const), ms: fc.constantFrom(1, 50, 299, 300, 5_000) }),
    fc.record({ kind: fc.constant("withdraw" as const), nth: fc.nat(50) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const load = simulateLoad();
      const { queue } = load.options;
      load.watchers.push((request, event) => {
        expect(load.running.size).toBeLessThanOrEqual(12);
        if (event !== "preempted") return;
        // The preempted permit no longer counts, and its owner still has its share.
        const { workClass, orgId, userId } = request;
        const ofOrg = load.runningOf({ workClass, orgId });
        const ofUser = load.runningOf({ workClass, orgId, userId });
        const exceeded = request.preemption?.of === "user" ? ofUser : ofOrg;
        expect(exceeded).toBeGreaterThanOrEqual(request.preemption?.share ?? endless);
      });
      const sent: ReturnType<typeof load.send>[] = [];
      for (const one of steps) {
        if (one.kind === "run") load.clock.runUntil(load.clock.now() + one.ms);
        else if (one.kind === "withdraw") sent[one.nth]?.withdraw();
        else {
          const owner = { workClass: one.workClass, orgId: `o${one.org}`, userId: `u${one.user}` };
          for (let count = 0; count < one.count; count += 1) sent.push(load.send(owner, one.workMs));
        }
        expect(load.scheduler.count()).toEqual({ held: load.running.size, waiting: load.waiting.size });
        for (const { workClass, orgId, userId } of load.waiting) {
          expect(load.waitingOf({ workClass, orgId, userId })).toBeLessThanOrEqual(queue.userMax);
          expect(load.waitingOf({ workClass, orgId })).toBeLessThanOrEqual(queue.orgMax);
          expect(load.waitingOf({ workClass })).toBeLessThanOrEqual(queue.totalMax);
        }
      }
      load.clock.runUntil(load.clock.now() + 600_000);
      expect(load.scheduler.count()).toEqual({ held: 0, waiting: 0 });
    }),
    { numRuns: 150 },
  );
});
