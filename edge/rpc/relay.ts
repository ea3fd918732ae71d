import type { CallServices } from "../call/call-services.ts";
import type { ForwardedCall } from "../call/calls.ts";
import { passedAnswer } from "../call/passed-metadata.ts";
import { messageTooLarge } from "../errors/http-error.ts";
import { streamIdle } from "../errors/refusals.ts";
import { boundsOf } from "../http/bounds.ts";
import { compressionOf } from "../http/compression.ts";
import { boundTimeoutMs, leftOf, requestedTimeoutMs } from "../http/deadline.ts";
import type { Exchange } from "../http/exchange.ts";
import { createIdleTimer } from "../http/idle-timer.ts";
import { drainBody } from "../http/lingering-close.ts";
import { readBody } from "../http/read-body.ts";
import type { Incoming } from "../http/read-chunks.ts";
import { breakOff } from "../http/send.ts";
import type { Plan } from "../method/plan.ts";
import type { StreamCall, StreamListener } from "../upstream/open-stream.ts";
import { answersNotOne, type UnaryResponse } from "../upstream/status.ts";
import type { Answer } from "./answer.ts";
import type { ConnectGet } from "./connect-get.ts";
import { bodyBytesMax, eachMessage, onlyMessage, type Reading, readingOf } from "./request.ts";
import type { Wire } from "./wire.ts";

/** A call on its way through the edge. */
export type RelayedCall = {
  readonly exchange: Exchange;
  readonly plan: Plan;
  readonly wire: Wire;
  readonly get?: ConnectGet;
  readonly answer: Answer;
  readonly options: CallServices;
};

/** Takes a call to its upstream and the answer back. Every failure is told in the caller's protocol. */
export async function relayCall(relayed: RelayedCall): Promise<void> {
  const { exchange, plan, answer, options } = relayed;
  try {
    // By the headers alone, before a byte of the body is read.
    await options.admit(exchange, plan.method, plan.access);
    if (plan.oneRequest) await relayOne(relayed);
    else await relayMany(relayed);
  } catch (error) {
    if (plan.oneRequest) await drainBody(exchange.request);
    answer.end(options.toError(error, exchange), {});
  }
}

async function relayOne(relayed: RelayedCall): Promise<void> {
  const { exchange, plan, wire, get, options } = relayed;
  const timeoutMs = timeoutOf(relayed);
  const reading: Reading = get
    ? { plan, wire, compression: compressionOf(get.compression), bytesMax: messageBytesMaxOf(relayed) }
    : readingOf(exchange.request, plan, wire, messageBytesMaxOf(relayed));
  const readMs = timeoutMs ?? options.deadlines.maxMs;
  const body = get ? get.message : await readWhole(reading, incomingOf(relayed), readMs);
  const message = await onlyMessage(reading, body);
  const call = { exchange, method: plan.method, timeoutMs: leftOf(timeoutMs, exchange.startMs) };
  if (plan.oneAnswer) answerOne(relayed, await options.forward.exchangeOne(call, message));
  else await relayStream(relayed, call, justOne(message));
}

const messageBytesMaxOf = ({ plan, options }: RelayedCall): number =>
  boundsOf(plan.method).messageBytesMax ?? options.messageBytesMax;

const incomingOf = ({ exchange, options }: RelayedCall): Incoming => ({
  request: exchange.request,
  pauseMs: options.limits.pauseMs,
});

const readWhole = (reading: Reading, incoming: Incoming, timeoutMs: number): Promise<Buffer> =>
  readBody(incoming, bodyBytesMax(reading), () => messageTooLarge(reading.bytesMax), timeoutMs);

async function relayMany(relayed: RelayedCall): Promise<void> {
  const { exchange, plan, wire } = relayed;
  const reading = readingOf(exchange.request, plan, wire, messageBytesMaxOf(relayed));
  const call = { exchange, method: plan.method, timeoutMs: timeoutOf(relayed) };
  await relayStream(relayed, call, eachMessage(reading, incomingOf(relayed)));
}

const timeoutOf = ({ exchange, plan, options }: RelayedCall): number | undefined =>
  boundTimeoutMs(plan.method, requestedTimeoutMs(exchange.request), options.deadlines);

async function* justOne(message: Buffer): AsyncGenerator<Buffer> {
  yield message;
}

function answerOne(relayed: RelayedCall, { headers, message, error, trailers }: UnaryResponse): void {
  const { exchange, answer, options } = relayed;
  if (headers) answer.begin(passedAnswer(headers));
  if (message && !error) void answer.write(spelled(relayed, message));
  answer.end(error && options.toError(error, exchange), passedAnswer(trailers));
}

const spelled = ({ wire, plan }: RelayedCall, message: Buffer): Buffer =>
  wire.codec === "json" ? plan.decodeAnswer(message) : message;

/** Sends messages while answers come. Whichever fails first ends the call, once. */
async function relayStream(
  relayed: RelayedCall,
  call: ForwardedCall,
  messages: AsyncIterable<Buffer>,
): Promise<void> {
  const { exchange, plan, answer, options } = relayed;
  const state = { over: false };
  const idle = createIdleTimer(options.limits.streamIdleMs, (ms) => fail(streamIdle(ms / 1000)));
  let upstream: StreamCall | undefined;
  const stop = () => {
    idle.end();
    state.over = true;
    upstream?.cancel();
  };
  const fail = (error: unknown) => {
    try {
      if (!state.over) answer.end(options.toError(error, exchange), {});
    } catch {
      // Not even the error can be told: what made the answer fail stays among its headers.
      breakOff(exchange);
    }
    stop();
  };
  exchange.onClosed(stop);
  // What a service says must not throw where its connection is read: that is not this call's alone.
  const guarded = <T>(work: () => T): T | undefined => {
    if (state.over) return undefined;
    try {
      return work();
    } catch (error) {
      fail(error);
      return undefined;
    }
  };
  const answers = plan.oneAnswer ? oneAnswer(relayed) : manyAnswers(relayed);
  const listener: StreamListener = {
    headers: (headers) => guarded(() => answers.headers(headers)),
    message(bytes) {
      idle.refresh();
      return guarded(() => answers.message(bytes));
    },
    finished(error, trailers) {
      guarded(() => {
        answers.finished(error, trailers);
        state.over = true;
      });
    },
  };
  try {
    const opened = await options.forward.open(call, listener);
    upstream = opened;
    if (state.over) opened.cancel();
    for await (const message of messages) {
      if (state.over) return;
      idle.refresh();
      await opened.send(message);
    }
    // From now on the caller only listens, which it may do for as long as it likes.
    idle.end();
    opened.end();
  } catch (error) {
    fail(error);
  }
}

function manyAnswers(relayed: RelayedCall): StreamListener {
  const { exchange, answer, options } = relayed;
  return {
    headers: (headers) => answer.begin(passedAnswer(headers)),
    message(bytes) {
      const written = answer.write(spelled(relayed, bytes));
      const paid = exchange.reads?.spend(bytes.byteLength);
      return paid ? Promise.all([written, paid]).then(() => undefined) : written;
    },
    finished: (error, trailers) =>
      answer.end(error && options.toError(error, exchange), passedAnswer(trailers)),
  };
}

function oneAnswer(relayed: RelayedCall): StreamListener {
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
      const notOne = messages.length === 1 ? undefined : answersNotOne(messages.length);
      answerOne(relayed, { headers, message: messages[0], error: error ?? notOne, trailers });
    },
  };
}
