/** The content of an answer, on its way from a stream to who reads it. */
export type Content = {
  add(piece: Buffer): void;
  /** No more comes. */
  end(): void;
  /** Each piece; `credit` is told of it when the next is asked for. */
  read(credit: (bytes: number) => void): AsyncGenerator<Buffer, void>;
};

export function createContent(): Content {
  const pieces: Buffer[] = [];
  let isEnded = false;
  let wake: (() => void) | undefined;
  return {
    add(piece) {
      pieces.push(piece);
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
