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
  /** Each aborts the work. Its reason is the error for the caller. */
  readonly cancelledBy?: readonly AbortSignal[];
};

/** The work of a call. Its time limits are running. */
export type Work = Disposable & {
  /** Aborts with the error for the caller and for the execution's row. */
  readonly signal: AbortSignal;
  /** Waits for a permit and holds it until its result is disposed. Unavailable (SERVICE_BUSY). */
  admit(): Promise<Limit & Disposable>;
};

/** Dependencies of work that needs a permit. */
export type WorkDeps = {
  /** Grants the permits of executions, discoveries, connection tests, previews, plans and chunks. */
  readonly scheduler: FairScheduler;
  /** Aborts when the process stops. */
  readonly stop: AbortSignal;
};

/** Starts the time limits of a call's work. The work ends with the call, at a limit, or when its permit is taken back. */
export function startWork(deps: WorkDeps, context: HandlerContext, options: WorkOptions): Work {
  const ended = new AbortController();
  const { signal } = ended;
  const abort = (reason: unknown) => ended.abort(reason);
  const callMs = context.timeoutMs();
  using stack = new DisposableStack();
  for (const signal of options.cancelledBy ?? []) stack.use(onAbort(signal, abort));
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

/** The error for the reason a call ended: its deadline, the stop of the process, or the caller's disconnect. */
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
