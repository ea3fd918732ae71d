import type { Message } from "@bufbuild/protobuf";
import { passedMessagesHeader, takeMessages } from "../../services/lib/mesh/passed-messages.ts";
import { valueIn } from "../http2-client/raw-headers.ts";
import type { StreamListener } from "../upstream/open-stream.ts";

/** Adapts a stream listener to an async iterator of messages. */
export type ResponseStream = {
  readonly listener: StreamListener;
  /** Ends the iteration with an error of the edge. */
  fail(error: unknown): void;
  /** Resolves at the headers, or at the end of a call without them. `stop` is called when the iteration ends. */
  started(stop: () => void): Promise<AsyncGenerator<Message>>;
};

type Next = { readonly bytes: Buffer; taken(): void };

export function createResponseStream(decode: (bytes: Buffer) => Message): ResponseStream {
  let next: Next | undefined;
  let end: { readonly error: unknown } | undefined;
  let passedId: string | undefined;
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
        if (passedId !== undefined) yield* takeMessages(passedId);
      }
      if (end?.error) throw end.error;
    } finally {
      next?.taken();
      stop();
    }
  }
  let hasHeaders = false;
  return {
    listener: {
      headers(raw) {
        hasHeaders = true;
        passedId = valueIn(raw, passedMessagesHeader);
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
    async started(stop) {
      while (!hasHeaders && !end) await changed.promise;
      // A call that fails before its headers rejects, and starts no stream.
      if (!hasHeaders && end?.error) throw end.error;
      return iterate(stop);
    },
  };
}
