import type { DescMethod, DescMethodStreaming, DescMethodUnary, Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { assertionHeader, type Principal, type Signer } from "../services/lib/principal.ts";
import { boundTimeoutMs } from "./deadline.ts";
import { relayed } from "./relayed.ts";

/** A decoded request's way on: everything that an upstream may learn of its caller. */
export type ForwardedCall = {
  readonly method: DescMethod;
  /** Undefined on public methods. */
  readonly principal: Principal | undefined;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  readonly clientAddress: string;
  /** The caller's own deadline. */
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal;
};

/** Calls the upstream of a method. What it throws is fit for the caller. */
export type Forward = {
  /** One request, one answer. */
  unary(call: ForwardedCall, message: Message): Promise<Message>;
  /** Many requests, one answer. */
  collect(call: ForwardedCall, messages: AsyncIterable<Message>): Promise<Message>;
  /** Many answers; resolves when the upstream begins to answer. */
  stream(call: ForwardedCall, messages: AsyncIterable<Message>): Promise<AsyncIterable<Message>>;
};

export function createForward(options: {
  transportOf: (method: DescMethod) => Transport;
  signer: Signer;
}): Forward {
  const { transportOf, signer } = options;
  const stream: Forward["stream"] = async (call, messages) => {
    const stop = new AbortController();
    const method = call.method as DescMethodStreaming;
    try {
      const { message } = await transportOf(method).stream(
        method,
        AbortSignal.any([call.signal, stop.signal]),
        boundTimeoutMs(method, call.timeoutMs),
        await metadataOf(call, signer),
        messages,
      );
      return answersOf(message, stop);
    } catch (error) {
      stop.abort();
      throw relayed(error);
    }
  };
  return {
    stream,
    async unary(call, message) {
      const method = call.method as DescMethodUnary;
      const timeoutMs = boundTimeoutMs(method, call.timeoutMs);
      const metadata = await metadataOf(call, signer);
      try {
        return (await transportOf(method).unary(method, call.signal, timeoutMs, metadata, message)).message;
      } catch (error) {
        throw relayed(error);
      }
    },
    async collect(call, messages) {
      let answer: Message | undefined;
      for await (const message of await stream(call, messages)) answer = message;
      if (!answer) throw new ConnectError("the upstream gave no answer", Code.Internal);
      return answer;
    },
  };
}

/** All that goes on to an upstream: nothing that a caller sent passes by itself. */
async function metadataOf(call: ForwardedCall, signer: Signer): Promise<Headers> {
  const { principal, traceparent } = call;
  return new Headers({
    [assertionHeader]: await signer.assertionFor(principal),
    "x-request-id": call.requestId,
    "x-sluice-client-address": call.clientAddress,
    ...(traceparent && { traceparent }),
    ...(principal && { "x-org-id": principal.orgId, "x-user-id": principal.userId }),
  });
}

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
