import type { Owner } from "./shares.ts";

/** What becomes of a request for a permit: it is granted or refused; what was granted may be told to end. */
export type PermitEvents = {
  granted(permit: GrantedPermit): void;
  refused(refusal: Refusal): void;
  /** The holder has to release the permit soon. */
  preempted(preemption: Preemption): void;
};

type GrantedPermit = {
  readonly waitedMs: number;
  /** Releasing twice changes nothing. */
  release(): void;
};

/** Whose part of the queue is full, and how many requests it takes. */
export type QueueFull = { readonly of: "user" | "org" | "all"; readonly max: number };

/** Why a request gets no permit, and when another one may. */
export type Refusal = {
  readonly cause: QueueFull | { readonly of: "time"; readonly maxMs: number };
  readonly retryDelayMs: number;
};

export type Preemption = {
  readonly ranMs: number;
  /** The share that was exceeded, in permits, and whose it is. */
  readonly share: number;
  readonly of: "user" | "org";
  readonly retryDelayMs: number;
};

/** A request that waits for a permit. */
export type Waiter = Owner & {
  readonly events: PermitEvents;
  readonly queuedAtMs: number;
  readonly timers: (() => void)[];
  /** Whether it has waited so long that others may be ended for it. */
  isOverdue: boolean;
};

/** A permit that is in use. */
export type Holder = Owner & {
  readonly events: PermitEvents;
  readonly startedAtMs: number;
  isEnding: boolean;
};
