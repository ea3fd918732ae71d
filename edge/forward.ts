import type { DescMethod, DescMethodStreaming, Message } from "@bufbuild/protobuf";
import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { encodeMessage } from "../services/lib/encode-message.ts";
import { toHeaders } from "../services/lib/grpc-metadata.ts";
import type { Signer } from "../services/lib/principal.ts";
import { sharedFolderHeader } from "../services/lib/shared-folder.ts";
import { callMetadata } from "./call-metadata.ts";
import type { Exchange } from "./exchange.ts";
import { relayed } from "./relayed.ts";
import type { Upstream } from "./upstream.ts";
import type { OneAnswer } from "./upstream-status.ts";
import { openStream, type StreamCall, type StreamListener } from "./upstream-stream.ts";
import { callUnary } from "./upstream-unary.ts";

/** A request's way on. */
export type ForwardedCall = {
  readonly exchange: Exchange;
  readonly method: DescMethod;
  /** What is left of the deadline; undefined without one. */
  readonly timeoutMs: number | undefined;
  /** The folder whose files the edge reads by itself. */
  readonly sharedFolderId?: string | undefined;
};

/** Calls the upstream of a method. The errors that come out are fit for the caller. */
export type Forward = {
  /** Begins a call of many messages, encoded; rejects if the upstream can't be reached. */
  open(call: ForwardedCall, listener: StreamListener): Promise<StreamCall>;
  /** One request, one answer, both encoded. Does not throw what the upstream answers. */
  exchangeOne(call: ForwardedCall, message: Buffer): Promise<OneAnswer>;
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
  const metadataOf = async ({ exchange, sharedFolderId }: ForwardedCall) => {
    const metadata = await callMetadata(exchange, options);
    if (sharedFolderId !== undefined) metadata.set(sharedFolderHeader, sharedFolderId);
    return metadata;
  };
  const exchangeOne: Forward["exchangeOne"] = async (call, message) => {
    const { method, timeoutMs, exchange } = call;
    const metadata = await metadataOf(call);
    return callUnary(upstreamOf(method), pathOf(method), { metadata, timeoutMs, message, exchange });
  };
  const stream: Forward["stream"] = async (call, messages) => {
    const stop = new AbortController();
    const method = call.method as DescMethodStreaming;
    try {
      const { message } = await upstreamOf(method).transport.stream(
        method,
        AbortSignal.any([call.exchange.signal, stop.signal]),
        call.timeoutMs,
        toHeaders(await metadataOf(call)),
        messages,
      );
      return answersOf(message, stop);
    } catch (error) {
      stop.abort();
      throw relayed(error);
    }
  };
  return {
    async open(call, listener) {
      const { method, timeoutMs } = call;
      const metadata = await metadataOf(call);
      return openStream(upstreamOf(method), pathOf(method), { metadata, timeoutMs, listener });
    },
    exchangeOne,
    stream,
    async unary(call, request) {
      const { error, message } = await exchangeOne(call, encodeMessage(call.method.input, request));
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

const pathOf = (method: DescMethod): string => `/${method.parent.typeName}/${method.name}`;

const noAnswer = () => new ConnectError("the upstream gave no answer", Code.Internal);

async function* answersOf(answers: AsyncIterable<Message>, stop: AbortController): AsyncGenerator<Message> {
  try {
    yield* answers;
  } catch (error) {
    throw relayed(error);
  } finally {
    stop.abort();
  }
}

/** The one message of a call that sends one. */
export async function* once(message: Message): AsyncGenerator<Message> {
  yield message;
}
