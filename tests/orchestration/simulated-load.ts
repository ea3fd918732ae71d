import { schedulerOptionsOf } from "../../services/orchestration/executions/scheduler-settings.ts";
import { createFairScheduler } from "../../services/orchestration/scheduling/fair-scheduler.ts";
import type { Owner } from "../../services/orchestration/scheduling/shares.ts";
import type { Preemption, Refusal } from "../../services/orchestration/scheduling/waiter.ts";
import { simulatedClock } from "./simulated-clock.ts";

/** A request and its outcome. */
export type Request = Owner & {
  readonly sentMs: number;
  /** Duration of its work. */
  readonly workMs: number;
  /** Whether its organisation, or its user, had nothing running when it was sent. */
  readonly isNewOrg: boolean;
  readonly isNewUser: boolean;
  waitedMs?: number;
  refusal?: Refusal;
  preemption?: Preemption;
  endedMs?: number;
  release?: () => void;
};

/** How long preempted work takes to end, in milliseconds. */
const endingMs = 20;

/** The production scheduler with simulated time and work. */
export function simulateLoad(permits = 12) {
  const clock = simulatedClock();
  const options = { ...schedulerOptionsOf(permits), clock };
  const scheduler = createFairScheduler(options);
  const requests: Request[] = [];
  /** Every queued or running request. */
  const waiting = new Set<Request>();
  const running = new Set<Request>();
  /** Runs after each event. */
  const watchers: ((request: Request, event: "granted" | "refused" | "preempted" | "ended") => void)[] = [];
  const tell = (request: Request, event: "granted" | "refused" | "preempted" | "ended") => {
    for (const watcher of watchers) watcher(request, event);
  };

  function send(owner: Owner, workMs: number): Request & { withdraw(): void } {
    const isSameUser = (one: Owner) => isSameOrg(one) && one.userId === owner.userId;
    const isSameOrg = (one: Owner) => one.orgId === owner.orgId && one.workClass === owner.workClass;
    const request: Request = {
      ...owner,
      sentMs: clock.now(),
      workMs,
      isNewOrg: ![...running].some(isSameOrg),
      isNewUser: ![...running].some(isSameUser),
    };
    requests.push(request);
    waiting.add(request);
    const end = (release: () => void) => {
      running.delete(request);
      request.endedMs ??= clock.now();
      release();
      tell(request, "ended");
    };
    const withdraw = scheduler.request(owner, {
      granted({ waitedMs, release }) {
        waiting.delete(request);
        running.add(request);
        request.waitedMs = waitedMs;
        request.release = () => end(release);
        if (Number.isFinite(workMs)) clock.after(workMs, request.release);
        tell(request, "granted");
      },
      refused(refusal) {
        waiting.delete(request);
        request.refusal = refusal;
        tell(request, "refused");
      },
      preempted(preemption) {
        request.preemption = preemption;
        tell(request, "preempted");
        clock.after(endingMs, () => request.release?.());
      },
    });
    return Object.assign(request, {
      withdraw() {
        if (waiting.delete(request)) withdraw();
      },
    });
  }

  /** Matching permits in use. Preempted work does not count, as in the scheduler's shares. */
  const runningOf = (filter: Partial<Owner>) =>
    [...running].filter(
      (one) =>
        !one.preemption && Object.entries(filter).every(([key, value]) => one[key as keyof Owner] === value),
    ).length;
  const waitingOf = (filter: Partial<Owner>) =>
    [...waiting].filter((one) =>
      Object.entries(filter).every(([key, value]) => one[key as keyof Owner] === value),
    ).length;

  return { clock, options, scheduler, requests, waiting, running, watchers, send, runningOf, waitingOf };
}

/**
 * Max-min fair shares by definition: each permit goes to a smallest owner that demands more. A remainder that cannot be
 * divided evenly belongs to no share.
 */
export function sharesByHand(demands: readonly number[], capacity: number): number[] {
  const shares = demands.map(() => 0);
  for (let left = capacity; ; ) {
    const hungry = [...demands.keys()].filter((index) => (shares[index] ?? 0) < (demands[index] ?? 0));
    // All owners that demand more hold the same number.
    if (hungry.length === 0 || hungry.length > left) return shares;
    for (const index of hungry) shares[index] = (shares[index] ?? 0) + 1;
    left -= hungry.length;
  }
}
