import { AsyncLocalStorage } from "node:async_hooks";
import type { Principal } from "./principal.ts";

/** Context that a handler's calls and queries inherit from the incoming call. */
export type Call = {
  /** Undefined for a public method without a credential. */
  readonly principal: Principal | undefined;
  readonly requestId: string;
  /** Address of the client that called the edge; undefined for work that no client asked for. */
  readonly clientAddress?: string | undefined;
  /** Incoming W3C trace context, forwarded where this process does not trace. */
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
  /** Aborts when the caller disconnects or the deadline passes. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch; undefined without one. */
  readonly deadlineMs: number | undefined;
};

/** Metadata key of the client's address. The edge sets it, and drops what clients send under this name. */
export const clientAddressHeader = "x-sluice-client-address";

const storage = new AsyncLocalStorage<Call>();

/** The current call; undefined outside of any. */
export const currentCall = (): Call | undefined => storage.getStore();

/** Runs `work` within a call: its queries are cancelled with the call, its own calls carry the principal. */
export const withinCall = <T>(call: Call, work: () => T): T => storage.run(call, work);

/** Runs `work` outside of any call: it has to finish although the caller disconnected. */
export const outsideCalls = <T>(work: () => T): T => storage.exit(work);
