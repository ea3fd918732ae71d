import type { HandlerContext } from "@connectrpc/connect";
import { Code, ConnectError } from "@connectrpc/connect";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { callDeadlinePassed, callerGone, serverStopped } from "../errors.ts";
import type { FairScheduler } from "../scheduling/fair-scheduler.ts";
import type { WorkClass } from "../scheduling/shares.ts";
import type { Limit } from "../timing/limit.ts";
import { acquirePermit } from "./acquire-permit.ts";
import { type LimitTimerOptions, startLimitTimer } from "./limit-timer.ts";

export type WorkOptions = LimitTimerOptions & {
  readonly workClass: WorkClass;
  /** Abort with the error for the caller when the work has to end early. */
  readonly endsEarly?: readonly AbortSignal[];
};

/** The work of a call. Its time runs. */
export type Work = Disposable & {
  /** Aborts with the error that the caller gets and the record has. */
  readonly signal: AbortSignal;
  /** Waits for a permit, which is held until disposed. Unavailable (SERVICE_BUSY). */
  admit(): Promise<Limit & Disposable>;
};

/** Dependencies of work that needs a permit. */
export type WorkDeps = {
  /** Grants the permits of executions, discoveries, connection tests, previews, plans and chunks. */
  readonly scheduler: FairScheduler;
  /** Aborts when the process stops. */
  readonly stop: AbortSignal;
};

/** Bounds the work of a call: by its limits of time, the call itself, and the permit that it needs. */
export function startWork(deps: WorkDeps, context: HandlerContext, options: WorkOptions): Work {
  const ended = new AbortController();
  const { signal } = ended;
  const abort = (reason: unknown) => ended.abort(reason);
  const callMs = context.timeoutMs();
  using stack = new DisposableStack();
  for (const early of options.endsEarly ?? []) stack.use(onAbort(early, abort));
  stack.use(onAbort(context.signal, (reason) => abort(endOfCall(reason, callMs, deps.stop))));
  const timer = stack.use(startLimitTimer(options, callMs, abort));
  const owned = stack.move();
  return {
    signal,
    async admit() {
      const { orgId, principal } = scopeOf(context);
      const owner = { workClass: options.workClass, orgId, userId: principal.userId };
      const permit = owned.use(await acquirePermit(deps.scheduler, owner, signal));
      owned.use(onAbort(permit.preempted, abort));
      return {
        signal,
        timeoutMs: timer.start(permit.waitedMs),
        [Symbol.dispose]: () => permit[Symbol.dispose](),
      };
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** Why a call ended: the reason of its signal says whether its deadline passed. */
function endOfCall(reason: unknown, callMs: number | undefined, stop: AbortSignal): ConnectError {
  const isLate = reason instanceof ConnectError && reason.code === Code.DeadlineExceeded;
  if (isLate && callMs !== undefined) return callDeadlinePassed(callMs);
  return stop.aborted ? serverStopped() : callerGone();
}

function onAbort(signal: AbortSignal, act: (reason: unknown) => void): Disposable {
  const listener = () => act(signal.reason);
  signal.addEventListener("abort", listener, { once: true });
  if (signal.aborted) listener();
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", listener) };
}
