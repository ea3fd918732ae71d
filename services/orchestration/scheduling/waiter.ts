import type { Owner } from "./shares.ts";

/** Events of a request for a permit: `granted` or `refused`, and after `granted` at most one `preempted`. */
export type PermitEvents = {
  granted(permit: GrantedPermit): void;
  refused(refusal: Refusal): void;
  /** Asks the holder to stop its work and release the permit. */
  preempted(preemption: Preemption): void;
};

type GrantedPermit = {
  readonly waitedMs: number;
  /** Idempotent. */
  release(): void;
};

/** The limit of the queue that was reached, and its number of requests. */
export type QueueFull = { readonly of: "user" | "org" | "all"; readonly max: number };

/** Why a request was refused, and when to try again. */
export type Refusal = {
  readonly cause: QueueFull | { readonly of: "time"; readonly maxMs: number };
  readonly retryDelayMs: number;
};

export type Preemption = {
  readonly ranMs: number;
  /** The exceeded share in permits, and its scope. */
  readonly share: number;
  readonly of: "user" | "org";
  readonly retryDelayMs: number;
};

/** A queued request for a permit. */
export type Waiter = Owner & {
  readonly events: PermitEvents;
  readonly queuedAtMs: number;
  readonly timers: (() => void)[];
  /** Whether it has waited long enough to preempt others. */
  isOverdue: boolean;
};

/** A permit in use. */
export type Holder = Owner & {
  readonly events: PermitEvents;
  readonly startedAtMs: number;
  isEnding: boolean;
};
