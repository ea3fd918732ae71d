import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext } from "@connectrpc/connect";

/** How long a call waits for its work when it does not say, in milliseconds. */
const waitDefaultMs = 25_000;
/** Time that is left of the caller's deadline for the answer, in milliseconds. */
const answerMs = 500;

/** How long a call may wait, in milliseconds: as it says, but not beyond its deadline. */
export function waitOf({ wait }: { wait?: Duration | undefined }, context: HandlerContext): number {
  const askedMs = wait ? durationMs(wait) : waitDefaultMs;
  const leftMs = context.timeoutMs() ?? Number.POSITIVE_INFINITY;
  return Math.max(0, Math.min(askedMs, leftMs - answerMs));
}
