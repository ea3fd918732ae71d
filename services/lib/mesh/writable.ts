import { once } from "node:events";
import type { Writable } from "node:stream";

/** Waits until a full stream takes more, or its reader or the call has gone. */
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
    // The reader went away: whoever writes next finds out.
  } finally {
    stream.off("close", close);
    stream.off("error", close);
  }
}
