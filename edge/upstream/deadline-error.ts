import { Code, type ConnectError } from "@connectrpc/connect";
import { deadlinePassed } from "../errors/refusals.ts";

/** How much earlier a deadline may pass at the upstream than here, in milliseconds: timers are not exact. */
const clockToleranceMs = 20;

/**
 * Gives DEADLINE_EXCEEDED the same text whether the edge or the service noticed it. Errors with details are kept: the
 * service wrote them.
 */
export function normalizeDeadline(error: ConnectError, deadlineMs: number | undefined): ConnectError {
  if (error.code !== Code.DeadlineExceeded || error.details.length > 0) return error;
  return deadlineMs !== undefined && Date.now() >= deadlineMs - clockToleranceMs ? deadlinePassed() : error;
}
