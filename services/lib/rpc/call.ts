import { AsyncLocalStorage } from "node:async_hooks";
import type { Principal } from "./principal.ts";

/** What a handler's own calls and queries inherit from the call that it answers. */
export type Call = {
  /** On whose behalf; undefined for a public method without a credential. */
  readonly principal: Principal | undefined;
  readonly requestId: string;
  /** W3C's trace context as it came, for whoever is called where this process does not trace. */
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
  /** Aborts when the caller goes away or the deadline passes. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch; undefined without one. */
  readonly deadlineMs: number | undefined;
};

const storage = new AsyncLocalStorage<Call>();

/** The call that is being answered, or undefined outside of any. */
export const currentCall = (): Call | undefined => storage.getStore();

/** Runs `work` as part of a call: its queries are cancelled and its calls carry the principal on. */
export const withinCall = <T>(call: Call, work: () => T): T => storage.run(call, work);

/** Runs `work` outside of any call: what has to be finished although the caller went away. */
export const outsideCalls = <T>(work: () => T): T => storage.exit(work);
