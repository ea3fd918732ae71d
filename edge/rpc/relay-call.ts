import { messageTooLarge } from "../errors/http-error.ts";
import { boundsOf } from "../http/bounds.ts";
import { compressionOf } from "../http/compression.ts";
import { boundTimeoutMs, leftOf, requestedTimeoutMs } from "../http/deadline.ts";
import { drainBody } from "../http/lingering-close.ts";
import { readBody } from "../http/read-body.ts";
import type { Incoming } from "../http/read-chunks.ts";
import { relayStream } from "./relay-stream.ts";
import { type RelayedCall, sendUnaryResponse } from "./relayed-call.ts";
import {
  bodyBytesMax,
  eachMessage,
  onlyMessage,
  type RequestEncoding,
  requestEncoding,
} from "./request-encoding.ts";

/** Relays a call to its upstream. Every failure is sent in the caller's protocol. */
export async function relayCall(relayed: RelayedCall): Promise<void> {
  const { exchange, plan, response, options } = relayed;
  try {
    // Admission needs the headers alone, and comes before the body is read.
    await options.admit(exchange, plan.method, plan.access);
    if (plan.oneRequest) await relayOneRequest(relayed);
    else await relayRequests(relayed);
  } catch (error) {
    if (plan.oneRequest) await drainBody(exchange.request);
    response.end(options.toError(error, exchange), {});
  }
}

async function relayOneRequest(relayed: RelayedCall): Promise<void> {
  const { exchange, plan, wire, get, options } = relayed;
  const timeoutMs = timeoutOf(relayed);
  const bytesMax = messageBytesMaxOf(relayed);
  const encoding: RequestEncoding = get
    ? { plan, wire, compression: compressionOf(get.compression), bytesMax }
    : requestEncoding(exchange.request, plan, wire, bytesMax);
  const readMs = timeoutMs ?? options.deadlines.maxMs;
  const body = get ? get.message : await readWhole(encoding, incomingOf(relayed), readMs);
  const message = await onlyMessage(encoding, body);
  const call = { exchange, method: plan.method, timeoutMs: leftOf(timeoutMs, exchange.startMs) };
  if (plan.oneResponse) sendUnaryResponse(relayed, await options.forward.exchangeOne(call, message));
  else await relayStream(relayed, call, justOne(message));
}

async function relayRequests(relayed: RelayedCall): Promise<void> {
  const { exchange, plan, wire } = relayed;
  const encoding = requestEncoding(exchange.request, plan, wire, messageBytesMaxOf(relayed));
  const call = { exchange, method: plan.method, timeoutMs: timeoutOf(relayed) };
  await relayStream(relayed, call, eachMessage(encoding, incomingOf(relayed)));
}

const messageBytesMaxOf = ({ plan, options }: RelayedCall): number =>
  boundsOf(plan.method).messageBytesMax ?? options.messageBytesMax;

const incomingOf = ({ exchange, options }: RelayedCall): Incoming => ({
  request: exchange.request,
  pauseMs: options.limits.pauseMs,
});

const readWhole = (encoding: RequestEncoding, incoming: Incoming, timeoutMs: number): Promise<Buffer> =>
  readBody(incoming, bodyBytesMax(encoding), () => messageTooLarge(encoding.bytesMax), timeoutMs);

const timeoutOf = ({ exchange, plan, options }: RelayedCall): number | undefined =>
  boundTimeoutMs(plan.method, requestedTimeoutMs(exchange.request), options.deadlines);

async function* justOne(message: Buffer): AsyncGenerator<Buffer> {
  yield message;
}
