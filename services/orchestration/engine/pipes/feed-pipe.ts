import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { openWriter } from "./open-writer.ts";

/**
 * Opens the named pipe at `path` for `write` and closes it afterwards. The reader of a closed pipe can't know whether the
 * input is complete: see Pipes.endInput.
 */
export async function feedPipe<T>(
  path: string,
  signal: AbortSignal,
  write: (pipe: Writable) => Promise<T>,
): Promise<T> {
  const pipe = openWriter(path);
  try {
    const written = await write(pipe);
    pipe.end();
    await finished(pipe, { readable: false, signal });
    return written;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    pipe.destroy();
  }
}
