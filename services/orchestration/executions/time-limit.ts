import type { ConnectError } from "@connectrpc/connect";
import type { Limit } from "../connectors/connector.ts";

/** Bounds work by the call's own signal and by a time; the signal's reason is the error that the caller gets. */
export function limitTime(
  call: AbortSignal,
  timeoutMs: number,
  onTimeout: () => ConnectError,
): Limit & Disposable {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(onTimeout()), timeoutMs);
  return {
    signal: AbortSignal.any([call, timeout.signal]),
    timeoutMs,
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
