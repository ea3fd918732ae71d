import { closeSync, constants } from "node:fs";
import { openOnceRead } from "./open-writer.ts";
import { openEnd } from "./pipe-ends.ts";

/** Keeps a named pipe from ending, whoever writes it comes and goes. */
export type PipeInput = Disposable & {
  /**
   * Lets the pipe end behind what was written, once somebody reads it; or now, when `reader` is done and has read all that
   * it wanted. Rejects with the signal's reason.
   */
  end(reader: Promise<unknown>, signal: AbortSignal): Promise<void>;
};

export function keepInput(path: string): PipeInput {
  // Reads as well: a pipe without a reader can't be opened for writing yet.
  const keepers = [openEnd(path, constants.O_RDWR)];
  const close = () => {
    for (const descriptor of keepers.splice(0)) closeSync(descriptor);
  };
  return {
    async end(reader, signal) {
      // What was written stays in the pipe as long as it is open at all. Only without the reader of our own shows whether
      // there is another one, without whom it would be lost.
      const writer = openEnd(path, constants.O_WRONLY);
      close();
      keepers.push(writer);
      const done = new AbortController();
      reader.then(
        () => done.abort(),
        () => done.abort(),
      );
      const opened = await openOnceRead(path, AbortSignal.any([signal, done.signal])).catch(() => undefined);
      signal.throwIfAborted();
      if (opened !== undefined) closeSync(opened);
      close();
    },
    [Symbol.dispose]: close,
  };
}
