type Limits = {
  /** Size of a read while there are few, in bytes. */
  readonly most: number;
  /** Size of a read however many there are, in bytes. */
  readonly least: number;
  /** What the reads of the process hold together, in bytes, as long as `least` is not reached. */
  readonly total: number;
};

/** A running read. */
type RunningRead = Disposable & {
  /** Size of its next chunk, in bytes. */
  nextBytes(): number;
};

/**
 * Sizes of the chunks of concurrent reads: each holds one chunk for a slow reader and the one after it, so that with many
 * readers chunks have to be smaller. Large ones are faster.
 */
export function createReadSizes({ most, least, total }: Limits): { begin(): RunningRead } {
  let running = 0;
  return {
    begin() {
      running += 1;
      return {
        nextBytes: () => Math.max(least, Math.min(most, Math.floor(total / 2 / running))),
        [Symbol.dispose]() {
          running -= 1;
        },
      };
    },
  };
}
