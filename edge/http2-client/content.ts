/** Queue of a response's content between its stream and its reader. */
export type Content = {
  add(chunk: Buffer): void;
  /** No more content follows. */
  end(): void;
  /** Iterates over the chunks. `credit` is called with a chunk's size when the next chunk is requested. */
  read(credit: (bytes: number) => void): AsyncGenerator<Buffer, void>;
};

/** A chunk under this share of its underlying buffer is copied, because it would keep the whole buffer in memory. */
const copiedShare = 4;

export function createContent(): Content {
  const chunks: Buffer[] = [];
  let isEnded = false;
  let wake: (() => void) | undefined;
  return {
    add(chunk) {
      chunks.push(chunk.byteLength * copiedShare < chunk.buffer.byteLength ? Buffer.from(chunk) : chunk);
      wake?.();
    },
    end() {
      isEnded = true;
      wake?.();
    },
    async *read(credit) {
      for (;;) {
        const chunk = chunks.shift();
        if (chunk) {
          yield chunk;
          credit(chunk.byteLength);
        } else if (isEnded) return;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    },
  };
}
