import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { aborted } from "../../lib/lifetime.ts";
import { openWriter } from "./open-writer.ts";

/**
 * Lets `write` write into the named pipe at `path`, and ends the pipe when it is done. The pipe's end is all that tells
 * its reader that there is no more, so it comes only when what was written is known to be whole: a failure breaks off.
 */
export async function feedPipe<T>(
  path: string,
  signal: AbortSignal,
  write: (pipe: Promise<Writable>) => Promise<T>,
): Promise<T> {
  const opening = openWriter(path, signal);
  // It may fail while `write` still does something else, and that must not end the process.
  opening.catch(() => {});
  try {
    const written = await write(opening);
    const pipe = await opening;
    pipe.end();
    await finished(pipe, { readable: false, signal });
    return written;
  } catch (error) {
    // The process that does not read any more has a reason, and the signal aborts when it is known.
    if (isBrokenPipe(error)) await aborted(signal);
    signal.throwIfAborted();
    throw error;
  } finally {
    opening.then(
      (pipe) => void pipe.destroy(),
      () => {},
    );
  }
}

const isBrokenPipe = (error: unknown): boolean =>
  /^(EPIPE|ERR_STREAM_(PREMATURE_CLOSE|DESTROYED|WRITE_AFTER_END))$/.test(
    String((error as { code?: unknown }).code),
  );
