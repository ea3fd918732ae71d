import { fromBinary, type Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { encodeInParts, encodeMessage } from "../../services/lib/mesh/encode-message.ts";
import type { StreamCall } from "../upstream/open-stream.ts";
import { createAnswers } from "./answers.ts";
import type { Calls, ForwardedCall } from "./calls.ts";

/** Calls the upstream of a method. The errors that come out are fit for the caller. */
export type Forward = Calls & {
  /** One request, one answer. */
  unary(call: ForwardedCall, message: Message): Promise<Message>;
  /** Many requests, one answer. */
  collect(call: ForwardedCall, messages: AsyncIterable<Message>): Promise<Message>;
  /** Many answers; resolves when the upstream begins to answer. */
  stream(call: ForwardedCall, messages: AsyncIterable<Message>): Promise<AsyncIterable<Message>>;
};

/** The same calls, also of messages that are not encoded. */
export function createForward(calls: Calls): Forward {
  const stream: Forward["stream"] = async (call, messages) => {
    const { input, output } = call.method;
    const answers = createAnswers((bytes) => fromBinary(output, bytes));
    const upstream = await calls.open(call, answers.listener);
    const stop = () => upstream.cancel();
    call.exchange.onClosed(stop);
    void sendEach(upstream, messages, (message) => encodeInParts(input, message)).catch((error) => {
      answers.fail(error);
      stop();
    });
    return answers.begun(stop);
  };
  return {
    ...calls,
    stream,
    async unary(call, request) {
      const { error, message } = await calls.exchangeOne(call, encodeMessage(call.method.input, request));
      if (error || !message) throw error ?? noAnswer();
      return fromBinary(call.method.output, message);
    },
    async collect(call, messages) {
      let answer: Message | undefined;
      for await (const message of await stream(call, messages)) answer = message;
      if (!answer) throw noAnswer();
      return answer;
    },
  };
}

const noAnswer = () => new ConnectError("the upstream gave no answer", Code.Internal);

async function sendEach(
  upstream: StreamCall,
  messages: AsyncIterable<Message>,
  encode: (message: Message) => readonly [Uint8Array, Uint8Array?],
): Promise<void> {
  for await (const message of messages) {
    const taken = upstream.send(...encode(message));
    if (taken) await taken;
  }
  upstream.end();
}

/** The one message of a call that sends one. */
export async function* once(message: Message): AsyncGenerator<Message> {
  yield message;
}
