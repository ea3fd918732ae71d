import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import type { Message } from "@bufbuild/protobuf";

// Where a service and its caller run in one process, the messages of a response need not be encoded, sent through a socket and
// decoded: the first one goes that way, and the caller takes the others from memory. The call stays open until it has taken the
// last, so that errors, deadlines and cancellation work as for any call.

/** Metadata of a call: id of the process in which the caller can take messages. */
export const callingProcessHeader = "x-sluice-process";

/** Metadata of a response: id of the messages after its first one, which are to be taken. */
export const passedMessagesHeader = "x-sluice-passed-messages";

/** Nobody outside of the process knows it. */
export const processId: string = randomUUID();

/** The sequence of messages that is left. */
type Passed = {
  /** The next message; undefined at the end, whose reason the call's status tells. */
  next(): Promise<Message | undefined>;
};

const passed = new Map<string, Passed>();

/** Messages to take. `taken` resolves when they were, or the signal aborts, and rejects with the error that they end with. */
type Passing = { readonly id: string; readonly taken: Promise<void> };

/** Leaves messages to the caller. They are read when it takes them, in the context of this call. */
export function passMessages(messages: AsyncIterator<Message>, signal: AbortSignal): Passing {
  const id = randomUUID();
  const withinContext = AsyncLocalStorage.snapshot();
  const taken = Promise.withResolvers<void>();
  let pending: PromiseWithResolvers<Message | undefined> | undefined;
  const end = () => {
    passed.delete(id);
    signal.removeEventListener("abort", end);
    pending?.resolve(undefined);
    taken.resolve();
  };
  const read = async (): Promise<Message | undefined> => {
    try {
      const { done, value } = await withinContext(() => messages.next());
      if (!done) return value;
    } catch (error) {
      taken.reject(error);
    }
    end();
    return undefined;
  };
  // The caller can meet an error before anybody waits for it here.
  taken.promise.catch(() => {});
  passed.set(id, {
    next() {
      pending = Promise.withResolvers();
      void read().then(pending.resolve);
      return pending.promise;
    },
  });
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  return { id, taken: taken.promise };
}

/** Takes messages that were left with an id. */
export async function* takeMessages(id: string): AsyncGenerator<Message, void> {
  const messages = passed.get(id);
  passed.delete(id);
  if (!messages) return;
  for (let message = await messages.next(); message; message = await messages.next()) yield message;
}
