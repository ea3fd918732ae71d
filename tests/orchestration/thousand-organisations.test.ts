import { beforeAll, expect, test } from "vitest";
import type { Owner, WorkClass } from "../../services/orchestration/scheduling/shares.ts";
import { type Request, simulateLoad } from "./simulated-load.ts";

// Twenty minutes of a process with 12 permits: 999 organisations demand a quarter of them, one demands ten times all of them.
// The scheduler is the production one; time and work are simulated.

const orgs = 999;
const durationMs = 20 * 60_000;
const greedyRequests = 5_000;
const greedyWorkMs = 25_000;
/** Longest wait of an organisation without a permit while another exceeds its share, in milliseconds. */
const newcomerMs = 1_000;

/** Pseudo-random numbers, the same in every run. */
function createRandom(): () => number {
  let state = 12_345;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32;
  };
}

let load: ReturnType<typeof simulateLoad>;
/** Maxima over the run. */
const most = { held: 0, waiting: 0, waitingOfOrg: 0, waitingOfUser: 0 };
/** Preemptions of an owner within the reported share. */
const unjust: Request[] = [];

beforeAll(() => {
  load = simulateLoad();
  const random = createRandom();
  const between = (least: number, largest: number) => least + random() * (largest - least);
  const sendAt = (atMs: number, owner: Owner, workMs: number) =>
    load.clock.after(atMs, () => {
      load.send(owner, workMs);
      const { held, waiting } = load.scheduler.count();
      most.held = Math.max(most.held, held);
      most.waiting = Math.max(most.waiting, waiting);
      const { workClass, orgId, userId } = owner;
      most.waitingOfOrg = Math.max(most.waitingOfOrg, load.waitingOf({ workClass, orgId }));
      most.waitingOfUser = Math.max(most.waitingOfUser, load.waitingOf({ workClass, orgId, userId }));
    });
  for (let org = 0; org < orgs; org += 1) {
    const users = 1 + Math.floor(random() * 4);
    for (let request = 0; request < users * 3; request += 1) {
      const isLong = random() < 0.04;
      const workClass: WorkClass = random() < 0.2 ? "jobs" : "interactive";
      const owner = { workClass, orgId: `org ${org}`, userId: `user ${request % users}` };
      sendAt(between(0, durationMs), owner, isLong ? between(1_000, 10_000) : between(20, 600));
    }
  }
  for (let request = 0; request < greedyRequests; request += 1) {
    const workClass: WorkClass = request % 4 === 0 ? "jobs" : "interactive";
    const owner = { workClass, orgId: "greedy", userId: `user ${request % 10}` };
    sendAt((request * durationMs) / greedyRequests, owner, greedyWorkMs);
  }
  load.watchers.push((request, event) => {
    if (event !== "preempted") return;
    const { workClass, orgId, userId } = request;
    const left = load.runningOf(
      request.preemption?.of === "user" ? { workClass, orgId, userId } : { workClass, orgId },
    );
    if (left < (request.preemption?.share ?? 0)) unjust.push(request);
  });
  load.clock.runUntil(2 * durationMs);
});

const isGreedy = ({ orgId }: Owner) => orgId === "greedy";
const percentile = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * part)] ?? 0;

test("OK: an organisation with nothing running has its first permit within a second", () => {
  const newcomers = load.requests.filter((request) => request.isNewOrg && !isGreedy(request));
  expect(newcomers.length).toBeGreaterThan(7_000);
  expect(newcomers.filter(({ refusal }) => refusal)).toEqual([]);
  const waitsOf = (workClass: WorkClass) =>
    newcomers.filter((one) => one.workClass === workClass).map(({ waitedMs = Number.NaN }) => waitedMs);
  const [queries, jobs] = [waitsOf("interactive"), waitsOf("jobs")];
  for (const waits of [queries, jobs]) {
    const reported = [0.3, 0.5, 0.9, 0.99, 0.999].map((part) => Math.round(percentile(waits, part)));
    console.log(`${waits.length} newcomers waited ${reported.join(", ")} ms (30, 50, 90, 99, 99.9 %)`);
  }
  expect(Math.max(...queries)).toBeLessThan(newcomerMs);
  // The other jobs met only owners within their share, which are not preempted, and ran later.
  expect(percentile(jobs, 0.99)).toBeLessThan(newcomerMs);
});

test("OK: nobody within their share is ended or refused; the greedy use what the others leave", () => {
  const others = load.requests.filter((request) => !isGreedy(request));
  expect(others.filter(({ preemption, refusal }) => preemption || refusal)).toEqual([]);
  expect(unjust).toEqual([]);
  const greedy = load.requests.filter(isGreedy);
  const permits = (requests: readonly Request[]) =>
    requests.reduce((ms, one) => ms + (one.endedMs ?? 0) - one.sentMs - (one.waitedMs ?? 0), 0) / durationMs;
  const used = [others, greedy].map((requests) =>
    permits(requests.filter(({ endedMs }) => endedMs !== undefined)),
  );
  const finished = greedy.filter(({ endedMs, preemption }) => endedMs !== undefined && !preemption);
  console.log(
    `permits in use: ${used.map((count) => count.toFixed(1))}; the greedy finished ${finished.length}`,
  );
  expect(sum(used)).toBeGreaterThan(11);
  // Their earliest permits run to the end.
  expect(finished.length).toBeGreaterThan(100);
});

test("OK: every request is granted or refused once, every permit comes back, and queues are bounded", () => {
  expect(load.requests).toHaveLength(greedyRequests + load.requests.filter((one) => !isGreedy(one)).length);
  for (const { waitedMs, refusal, endedMs } of load.requests) {
    expect([waitedMs !== undefined, refusal !== undefined]).toContain(true);
    expect(waitedMs !== undefined).toBe(refusal === undefined);
    expect(endedMs !== undefined).toBe(waitedMs !== undefined);
  }
  expect(load.scheduler.count()).toEqual({ held: 0, waiting: 0 });
  const { totalMax, orgMax, userMax } = load.options.queue;
  expect(most.held).toBe(12);
  expect(most.waiting).toBeLessThanOrEqual(2 * totalMax);
  expect(most.waitingOfOrg).toBeLessThanOrEqual(orgMax);
  expect(most.waitingOfUser).toBeLessThanOrEqual(userMax);
});

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
