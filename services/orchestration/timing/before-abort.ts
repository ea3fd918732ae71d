/** Waits for `work`, or until the signal aborts; then throws its reason. */
export async function beforeAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // Nobody else may be there for its failure when it is not waited for.
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
