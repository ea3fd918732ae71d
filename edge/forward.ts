import type { DescMethod, Message } from "@bufbuild/protobuf";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Signer } from "../services/lib/principal.ts";
import { createAnswers } from "./answers.ts";
import { callMetadata } from "./call-metadata.ts";
import type { Exchange } from "./exchange.ts";
import { callUnary } from "./upstream/call-unary.ts";
import { openStream, type StreamCall, type StreamListener } from "./upstream/open-stream.ts";
import { policyOf } from "./upstream/policy.ts";
import type { OneAnswer } from "./upstream/status.ts";
import type { Upstream } from "./upstream/upstream.ts";

/** A request's way on. */
export type ForwardedCall = {
  readonly exchange: Exchange;
  readonly method: DescMethod;
  /** What is left of the deadline; undefined without one. */
  readonly timeoutMs: number | undefined;
};

/** Calls the upstream of a method. The errors that come out are fit for the caller. */
export type Forward = {
  /** Begins a call of many messages, encoded. */
  open(call: ForwardedCall, listener: StreamListener): Promise<StreamCall>;
  /** One request, one answer, both encoded. Does not throw what the upstream answers. */
  exchangeOne(call: ForwardedCall, message: Uint8Array): Promise<OneAnswer>;
  /** One request, one answer. */
  unary(call: ForwardedCall, message: Message): Promise<Message>;
  /** Many requests, one answer. */
  collect(call: ForwardedCall, messages: AsyncIterable<Message>): Promise<Message>;
  /** Many answers; resolves when the upstream begins to answer. */
  stream(call: ForwardedCall, messages: AsyncIterable<Message>): Promise<AsyncIterable<Message>>;
};

export function createForward(options: {
  upstreamOf: (method: DescMethod) => Upstream;
  signer: Signer;
  /** Headers of requests that go on; no other does. */
  passedHeaders: readonly string[];
}): Forward {
  const { upstreamOf } = options;
  const exchangeOne: Forward["exchangeOne"] = async ({ exchange, method, timeoutMs }, message) =>
    callUnary(upstreamOf(method), {
      policy: policyOf(method),
      headers: await callMetadata(exchange, options),
      timeoutMs,
      message,
      onClosed: exchange.onClosed,
    });
  const open: Forward["open"] = async ({ exchange, method, timeoutMs }, listener) =>
    openStream(upstreamOf(method), {
      policy: policyOf(method),
      headers: await callMetadata(exchange, options),
      timeoutMs,
      listener,
    });
  const stream: Forward["stream"] = async (call, messages) => {
    const { input, output } = call.method;
    const answers = createAnswers((bytes) => fromBinary(output, bytes));
    const upstream = await open(call, answers.listener);
    const stop = () => upstream.cancel();
    call.exchange.onClosed(stop);
    void sendEach(upstream, messages, (message) => toBinary(input, message)).catch((error) => {
      answers.fail(error);
      stop();
    });
    return answers.begun(stop);
  };
  return {
    open,
    exchangeOne,
    stream,
    async unary(call, request) {
      const { error, message } = await exchangeOne(call, toBinary(call.method.input, request));
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
  encode: (message: Message) => Uint8Array,
): Promise<void> {
  for await (const message of messages) {
    const taken = upstream.send(encode(message));
    if (taken) await taken;
  }
  upstream.end();
}

/** The one message of a call that sends one. */
export async function* once(message: Message): AsyncGenerator<Message> {
  yield message;
}
