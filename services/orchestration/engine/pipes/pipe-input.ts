import { closeSync, constants } from "node:fs";
import { openOnceRead } from "./open-writer.ts";
import { openEnd } from "./pipe-ends.ts";

/** Keeps a named pipe open while its writers come and go. */
export type PipeInput = Disposable & {
  /**
   * Ends the pipe after the written bytes once a reader has it open, or at once when `reader` settles. Rejects with the
   * signal's reason.
   */
  end(reader: Promise<unknown>, signal: AbortSignal): Promise<void>;
};

export function keepInput(path: string): PipeInput {
  // O_RDWR, because a pipe without a reader can't be opened for writing.
  const keepers = [openEnd(path, constants.O_RDWR)];
  const close = () => {
    for (const descriptor of keepers.splice(0)) closeSync(descriptor);
  };
  return {
    async end(reader, signal) {
      // Written bytes stay in the pipe while any end is open. Another reader can only be detected after closing our own read
      // end, and without one the bytes would be lost.
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
