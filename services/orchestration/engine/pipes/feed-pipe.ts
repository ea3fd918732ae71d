import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { openWriter } from "./open-writer.ts";

/**
 * Lets `write` write into the named pipe at `path`, and closes it when it is done or has failed. Which of both it was is
 * for the caller to tell the reader: see Pipes.endInput.
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
