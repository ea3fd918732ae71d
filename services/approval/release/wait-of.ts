import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext } from "@connectrpc/connect";

/** Default of `wait`, in milliseconds. */
const waitDefaultMs = 25_000;
/** Part of the deadline that is reserved for the response, in milliseconds. */
const answerMs = 500;

/** Milliseconds that a call waits for its work: `wait`, bounded by the deadline. */
export function waitOf({ wait }: { wait?: Duration | undefined }, context: HandlerContext): number {
  const askedMs = wait ? durationMs(wait) : waitDefaultMs;
  const leftMs = context.timeoutMs() ?? Number.POSITIVE_INFINITY;
  return Math.max(0, Math.min(askedMs, leftMs - answerMs));
}
