import type { Message } from "@bufbuild/protobuf";
import type { StreamListener } from "../upstream/open-stream.ts";

/** Turns what comes back of a call into messages to iterate over, one at a time. */
export type Answers = {
  readonly listener: StreamListener;
  /** Ends the answers with an error of the edge's own side. */
  fail(error: unknown): void;
  /** Resolves when the first answer or the end is there; `stop` runs when nobody wants more. */
  begun(stop: () => void): Promise<AsyncGenerator<Message>>;
};

type Next = { readonly bytes: Buffer; taken(): void };

export function createAnswers(decode: (bytes: Buffer) => Message): Answers {
  let next: Next | undefined;
  let end: { readonly error: unknown } | undefined;
  let changed = Promise.withResolvers<void>();
  const change = () => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const finish = (error: unknown) => {
    end ??= { error };
    change();
  };
  async function* iterate(stop: () => void): AsyncGenerator<Message> {
    try {
      for (;;) {
        while (!next && !end) await changed.promise;
        if (!next) break;
        const { bytes, taken } = next;
        next = undefined;
        taken();
        yield decode(bytes);
      }
      if (end?.error) throw end.error;
    } finally {
      next?.taken();
      stop();
    }
  }
  let isBegun = false;
  return {
    listener: {
      headers() {
        isBegun = true;
        change();
      },
      message: (bytes) =>
        new Promise((taken) => {
          next = { bytes, taken };
          change();
        }),
      finished: finish,
    },
    fail: finish,
    async begun(stop) {
      while (!isBegun && !end) await changed.promise;
      // A call that fails before it has an answer is an error, and no stream.
      if (!isBegun && end?.error) throw end.error;
      return iterate(stop);
    },
  };
}
