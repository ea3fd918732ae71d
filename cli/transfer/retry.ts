import { setTimeout } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { CommandError } from "../failures/command-error.ts";
import type { TransferReport } from "./byte-progress.ts";
import { delayFirstMs, delayMaxMs } from "./retry-limits.ts";

/** Attempts of a transfer that can continue where it was interrupted. */
export type Retries = {
  /** Waits before the next attempt, longer each time. Throws the error if another attempt is no use, or if there were enough. */
  afterFailure(error: unknown): Promise<void>;
  /** Progress earns new attempts: a long transfer may lose its connection often. */
  progressed(): void;
};

/** `retriesMax` is the number of attempts without progress after the first one. */
export function createRetries(
  what: string,
  { signal, report, retriesMax }: { signal: AbortSignal; report: TransferReport; retriesMax: number },
): Retries {
  let failures = 0;
  return {
    async afterFailure(error) {
      if (signal.aborted || !isTransient(error) || failures >= retriesMax) throw error;
      const delayMs = Math.min(delayMaxMs, delayFirstMs * 2 ** failures);
      failures += 1;
      const problem = ConnectError.from(error).rawMessage;
      report.note(
        `${what}: the connection was lost (${problem}): trying again in ${delayMs / 1000} s (${failures} of ${retriesMax})`,
      );
      await setTimeout(delayMs, undefined, { signal });
    },
    progressed() {
      failures = 0;
    },
  };
}

/** Repeats a call that is safe to repeat until it succeeds, or fails for good. */
export async function withRetries<Result>(retries: Retries, work: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      await retries.afterFailure(error);
    }
  }
}

/** Codes of failures that are no answer of a service. */
const lostCodes: ReadonlySet<Code> = new Set([
  Code.Unavailable,
  Code.Aborted,
  Code.Unknown,
  Code.DeadlineExceeded,
  Code.Canceled,
]);

const transientReasons: ReadonlySet<string> = new Set([
  "SERVICE_BUSY",
  "UPSTREAM_UNAVAILABLE",
  "RATE_LIMIT_EXCEEDED",
  "CONCURRENCY_LIMIT_EXCEEDED",
  "UPLOAD_OFFSET_MISMATCH",
]);

/**
 * Whether another attempt can succeed. An interrupt by the user is not known here: its signal says so.
 *
 * @internal A test by real failures would need a server for each.
 */
export function isTransient(error: unknown): boolean {
  // A failure of ours before a call is sent, such as a login that has ended, arrives inside an error of the call.
  if (!(error instanceof ConnectError) || error.cause instanceof CommandError) return false;
  const [info] = error.findDetails(ErrorInfoSchema);
  if (info) return error.code === Code.Unavailable || transientReasons.has(info.reason);
  return lostCodes.has(error.code) || isSystemFailure(error.cause);
}

/** A failure of the connection that the operating system or Node reports. */
const isSystemFailure = (cause: unknown): boolean =>
  cause instanceof Error && typeof (cause as NodeJS.ErrnoException).code === "string";
