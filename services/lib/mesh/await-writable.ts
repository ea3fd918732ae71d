import { once } from "node:events";
import type { Writable } from "node:stream";

/** Resolves when a full stream has drained, is closed, or the call is aborted. */
export async function awaitWritable(stream: Writable, signal: AbortSignal): Promise<void> {
  if (signal.aborted || stream.destroyed) return;
  const gone = new AbortController();
  const either = AbortSignal.any([signal, gone.signal]);
  const close = () => gone.abort();
  stream.once("close", close);
  stream.once("error", close);
  try {
    await once(stream, "drain", { signal: either });
  } catch {
    // The next write reports that the stream is closed.
  } finally {
    stream.off("close", close);
    stream.off("error", close);
  }
}
