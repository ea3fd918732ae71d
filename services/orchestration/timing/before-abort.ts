/** Waits for `work`. Throws the signal's reason when it aborts first; the work goes on. */
export async function beforeAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // A failure after the abort must not become an unhandled rejection.
  work.catch(() => {});
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
