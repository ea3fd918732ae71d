/** The content of an answer, on its way from a stream to who reads it. */
export type Content = {
  add(piece: Buffer): void;
  /** No more comes. */
  end(): void;
  /** Each piece; `credit` is told of it when the next is asked for. */
  read(credit: (bytes: number) => void): AsyncGenerator<Buffer, void>;
};

/** A piece that is a smaller share of what came with it is copied: it would keep all of that in memory. */
const copiedShare = 4;

export function createContent(): Content {
  const pieces: Buffer[] = [];
  let isEnded = false;
  let wake: (() => void) | undefined;
  return {
    add(piece) {
      pieces.push(piece.byteLength * copiedShare < piece.buffer.byteLength ? Buffer.from(piece) : piece);
      wake?.();
    },
    end() {
      isEnded = true;
      wake?.();
    },
    async *read(credit) {
      for (;;) {
        const piece = pieces.shift();
        if (piece) {
          yield piece;
          credit(piece.byteLength);
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
