import type { OutgoingHttpHeaders } from "node:http2";
import type { ConnectError } from "@connectrpc/connect";
import type { Session } from "./connections/session.ts";
import type { CallPolicy, Hedging } from "./policy.ts";
import type { AttemptOutcome, Retryable } from "./retry.ts";

/** A finished attempt. The result is that of the call, unless it is retried. */
export type FinishedAttempt<Result> = {
  readonly outcome: AttemptOutcome;
  /** Of `grpc-retry-pushback-ms`. */
  readonly pushbackMs: number | undefined;
  readonly result: Result;
};

/** How a kind of call makes an attempt and returns its result. */
export type CallSteps<Result> = {
  readonly policy: CallPolicy;
  readonly headers: OutgoingHttpHeaders;
  readonly timeoutMs: number | undefined;
  /** Undefined if attempts may not overlap. */
  readonly hedging: Hedging | undefined;
  /** Changes during the call. */
  retryable(): Retryable;
  /**
   * Makes an attempt, and returns a function that cancels it. `finished` is called once unless cancelled, and not before
   * this has returned.
   */
  send(
    session: Session | undefined,
    headers: OutgoingHttpHeaders,
    finished: (attempt: FinishedAttempt<Result>) => void,
  ): () => void;
  /** The result of a call that fails at the edge. */
  failure(error: ConnectError): Result;
  /** Called exactly once. */
  finished(result: Result): void;
};
