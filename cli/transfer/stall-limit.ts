import { Code, ConnectError } from "@connectrpc/connect";

/** Ends an attempt whose bytes have stopped moving, as when the network is gone without a word. */
export type StallLimit = Disposable & {
  /** Aborts at a stall, and with the outer signal. */
  readonly signal: AbortSignal;
  /** Says that bytes have moved. */
  moved(): void;
  /** Ends the watch: from now on it may take any time. */
  relax(): void;
};

/** The server gives up on a sender after the same time. */
const stallMs = 60_000;

export function createStallLimit(outer: AbortSignal, limitMs = stallMs): StallLimit {
  const stalled = new AbortController();
  const error = new ConnectError(`no byte has moved for ${limitMs / 1000} s`, Code.DeadlineExceeded);
  const timer = setTimeout(() => stalled.abort(error), limitMs);
  return {
    signal: AbortSignal.any([outer, stalled.signal]),
    moved: () => void timer.refresh(),
    relax: () => clearTimeout(timer),
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
