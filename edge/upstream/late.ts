import { Code, type ConnectError } from "@connectrpc/connect";
import { deadlinePassed } from "../errors/refusals.ts";

/** How much earlier than here a deadline may pass at an upstream, in milliseconds: timers are not exact. */
const aheadMs = 20;

/** The error of a call whose deadline passed, the same whichever side noticed it first. What a service says itself stays. */
export function toldLate(
  error: ConnectError | undefined,
  deadlineMs: number | undefined,
): ConnectError | undefined {
  if (error?.code !== Code.DeadlineExceeded || error.details.length > 0) return error;
  return deadlineMs !== undefined && Date.now() >= deadlineMs - aheadMs ? deadlinePassed() : error;
}
