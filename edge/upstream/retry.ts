import { backoffMs } from "./connections/backoff.ts";

/** Attempts of one call, hedged ones included. */
const attemptsMax = 4;

/** Longest delay that a server may ask for. A waiting call holds its permits, and a stream may have no deadline. */
const pushbackMsMax = 60_000;

/**
 * Outcome of one attempt: the upstream responded; the connection or the upstream failed, and the request may have had an
 * effect; or the request was not processed (REFUSED_STREAM, GOAWAY, never sent), so that it had none.
 */
export type AttemptOutcome = "answered" | "broken" | "refused";

/**
 * When the request of a call can be sent again: never, since its response has begun or its messages are not kept; only if it
 * was not processed; or always, since the method has no side effects or the request has a `request_id`.
 */
export type Retryable = "never" | "unprocessed" | "always";

/** A failed attempt of a call, with the remaining time and budget of the call. */
export type FailedAttempt = {
  readonly outcome: Exclude<AttemptOutcome, "answered">;
  /** Number of this attempt; the first is 1. */
  readonly attempt: number;
  /** Whether this is a transparent retry, see `isTransparent`. */
  readonly isTransparent: boolean;
  readonly retryable: Retryable;
  /** Whether the upstream's retry budget has tokens left, this attempt counted. */
  readonly hasBudget: boolean;
  /** Delay that the server asks for, in milliseconds; negative forbids a retry. */
  readonly pushbackMs: number | undefined;
  /** Time until the deadline, in milliseconds. */
  readonly leftMs: number | undefined;
};

/**
 * Whether a retry is transparent in gRPC's sense: a server that shuts down refuses each call once. It costs no budget and is
 * made at once.
 */
export const isTransparent = (outcome: AttemptOutcome, wasRefused: boolean): boolean =>
  outcome === "refused" && !wasRefused;

/** Delay before the next attempt, in milliseconds; undefined if the call has failed. */
export function retryDelayMs(failed: FailedAttempt, random?: number): number | undefined {
  const { outcome, attempt, retryable, hasBudget, pushbackMs, leftMs = Number.POSITIVE_INFINITY } = failed;
  const isSafe = retryable === "always" || (retryable === "unprocessed" && outcome === "refused");
  if (!isSafe || attempt >= attemptsMax || !hasBudget) return undefined;
  if (pushbackMs !== undefined && pushbackMs < 0) return undefined;
  const delayMs = pushbackMs ?? (failed.isTransparent ? 0 : backoffMs(attempt, random));
  return delayMs < leftMs ? delayMs : undefined;
}

/**
 * Reads `grpc-retry-pushback-ms`. A value that is not a number forbids retries, as gRPC's retry design says; so does one
 * above a minute.
 */
export function parsePushback(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  return /^\d{1,9}$/.test(value) && Number(value) <= pushbackMsMax ? Number(value) : -1;
}
