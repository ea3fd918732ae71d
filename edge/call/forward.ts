import { fromBinary, type Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { encodeInParts, encodeMessage } from "../../services/lib/mesh/encode-message.ts";
import type { StreamCall } from "../upstream/open-stream.ts";
import type { Calls, ForwardedCall } from "./calls.ts";
import { createResponseStream } from "./response-stream.ts";

/** Calls the upstream of a method. Errors are meant for the caller. */
export type Forward = Calls & {
  unary(call: ForwardedCall, message: Message): Promise<Message>;
  /** For methods with one response. */
  collect(call: ForwardedCall, messages: AsyncIterable<Message>): Promise<Message>;
  /** Resolves when the upstream's response begins. */
  stream(call: ForwardedCall, messages: AsyncIterable<Message>): Promise<AsyncIterable<Message>>;
};

/** Adds calls with decoded messages. */
export function createForward(calls: Calls): Forward {
  const stream: Forward["stream"] = async (call, messages) => {
    const { input, output } = call.method;
    const responses = createResponseStream((bytes) => fromBinary(output, bytes));
    const upstream = await calls.open(call, responses.listener);
    const stop = () => upstream.cancel();
    call.exchange.onClosed(stop);
    void sendEach(upstream, messages, (message) => encodeInParts(input, message)).catch((error) => {
      responses.fail(error);
      stop();
    });
    return responses.started(stop);
  };
  return {
    ...calls,
    stream,
    async unary(call, request) {
      const { error, message } = await calls.exchangeOne(call, encodeMessage(call.method.input, request));
      if (error || !message) throw error ?? noResponse();
      return fromBinary(call.method.output, message);
    },
    async collect(call, messages) {
      let response: Message | undefined;
      for await (const message of await stream(call, messages)) response = message;
      if (!response) throw noResponse();
      return response;
    },
  };
}

const noResponse = () => new ConnectError("the upstream gave no answer", Code.Internal);

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

export async function* once(message: Message): AsyncGenerator<Message> {
  yield message;
}
