import type { ForwardedCall } from "../call/calls.ts";
import { passedResponse } from "../call/passed-metadata.ts";
import { streamIdle } from "../errors/refusals.ts";
import { createIdleTimer } from "../http/idle-timer.ts";
import { breakOff } from "../http/send.ts";
import type { StreamCall, StreamListener } from "../upstream/open-stream.ts";
import { type UnaryResponse, wrongResponseCount } from "../upstream/status.ts";
import { type RelayedCall, sendUnaryResponse, transcode } from "./relayed-call.ts";

/** Sends requests and responses at the same time. The first failure of either ends the call. */
export async function relayStream(
  relayed: RelayedCall,
  call: ForwardedCall,
  messages: AsyncIterable<Buffer>,
): Promise<void> {
  const { exchange, plan, response, options } = relayed;
  const state = { isOver: false };
  const idle = createIdleTimer(options.limits.streamIdleMs, (ms) => fail(streamIdle(ms / 1000)));
  let upstream: StreamCall | undefined;
  const stop = () => {
    idle.end();
    state.isOver = true;
    upstream?.cancel();
  };
  const fail = (error: unknown) => {
    try {
      if (!state.isOver) response.end(options.toError(error, exchange), {});
    } catch {
      // The error can't be sent either if its headers caused the failure.
      breakOff(exchange);
    }
    stop();
  };
  exchange.onClosed(stop);
  // An exception must not reach the upstream's connection, which other calls share.
  const guarded = <T>(work: () => T): T | undefined => {
    if (state.isOver) return undefined;
    try {
      return work();
    } catch (error) {
      fail(error);
      return undefined;
    }
  };
  const responses = plan.oneResponse ? unaryListener(relayed) : streamListener(relayed);
  const listener: StreamListener = {
    headers: (headers) => guarded(() => responses.headers(headers)),
    message(bytes) {
      idle.refresh();
      return guarded(() => responses.message(bytes));
    },
    finished(error, trailers) {
      guarded(() => {
        responses.finished(error, trailers);
        state.isOver = true;
      });
    },
  };
  try {
    const opened = await options.forward.open(call, listener);
    upstream = opened;
    if (state.isOver) opened.cancel();
    for await (const message of messages) {
      if (state.isOver) return;
      idle.refresh();
      await opened.send(message);
    }
    // A caller that only receives may be idle for any time.
    idle.end();
    opened.end();
  } catch (error) {
    fail(error);
  }
}

function streamListener(relayed: RelayedCall): StreamListener {
  const { exchange, response, options } = relayed;
  return {
    headers: (headers) => response.begin(passedResponse(headers)),
    message(bytes) {
      const written = response.write(transcode(relayed, bytes));
      const paid = exchange.reads?.spend(bytes.byteLength);
      return paid ? Promise.all([written, paid]).then(() => undefined) : written;
    },
    finished: (error, trailers) =>
      response.end(error && options.toError(error, exchange), passedResponse(trailers)),
  };
}

function unaryListener(relayed: RelayedCall): StreamListener {
  let headers: UnaryResponse["headers"];
  const messages: Buffer[] = [];
  return {
    headers(received) {
      headers = received;
    },
    message(bytes) {
      messages.push(bytes);
      return undefined;
    },
    finished(error, trailers) {
      const notOne = messages.length === 1 ? undefined : wrongResponseCount(messages.length);
      sendUnaryResponse(relayed, { headers, message: messages[0], error: error ?? notOne, trailers });
    },
  };
}
