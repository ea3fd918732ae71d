import { create, fromJson, type MessageInitShape, toJson } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import {
  type BatchAnswerSchema,
  type BatchCall,
  type RunBatchRequest,
  type RunBatchResponse,
  RunBatchResponseSchema,
} from "../../gen/sluice/edge/v1/batch_pb.ts";
import type { ForwardedCall } from "../call/calls.ts";
import { answersTooLarge } from "../errors/http-error.ts";
import { toErrorAnswer } from "../errors/status.ts";
import { headerOf, type Listener } from "../http/http.ts";
import { isInBatch } from "../http/in-batch.ts";
import { jsonType } from "../http/outgoing.ts";
import { batchInBatch, batchLate, batchLeft, headerInvalid, headerNotAllowed } from "./batch-errors.ts";
import { callListener, type InnerAnswer } from "./inner-call.ts";

/** How many calls of a batch run at a time. */
const callsAtOnceMax = 8;
/** What all answers of a batch may have together, in bytes. */
const answerBytesMax = 4 * 1024 * 1024;

/** Headers of the batch that hold for each of its calls. */
const sharedHeaders = ["authorization", "x-api-key", "host", "traceparent", "tracestate", "user-agent"];
/** Headers that each call may have for itself, beside those that methods read. */
const ownHeaders = ["accept", "connect-timeout-ms", "if-none-match"];
const timeoutHeader = "connect-timeout-ms";

type Answer = MessageInitShape<typeof BatchAnswerSchema>;

/** Runs the calls of one batch. */
export type RunBatch = (call: ForwardedCall, request: RunBatchRequest) => Promise<RunBatchResponse>;

/** `boundHeaders` are those that methods read, `passedHeaders` those that go on to upstreams. */
export function createRunBatch(options: {
  listener: () => Listener;
  boundHeaders: readonly string[];
  passedHeaders: readonly string[];
}): RunBatch {
  const allowed = [...new Set([...ownHeaders, ...options.boundHeaders])].sort();
  const shared = [...sharedHeaders, ...options.passedHeaders];
  return async (call, { requests }) => {
    if (isInBatch(call.exchange.request)) throw batchInBatch();
    const headers = requests.map((one, index) => readHeaders(one, `requests[${index}]`, allowed));
    const batch = beginBatch(call, shared);
    const responses = await inTurn(requests, (one, index) =>
      runOne(batch, { call: one, index, headers: headers[index] ?? {}, listener: options.listener() }),
    );
    return create(RunBatchResponseSchema, { responses });
  };
}

function readHeaders({ headers }: BatchCall, at: string, allowed: readonly string[]) {
  const read = Object.entries(headers).map(([given, value]) => {
    const name = given.toLowerCase();
    if (!allowed.includes(name)) throw headerNotAllowed(at, given, allowed);
    if (!/^[\x20-\x7e]*$/.test(value)) throw headerInvalid(at, given);
    return [name, value] as const;
  });
  return Object.fromEntries(read);
}

type Batch = {
  readonly call: ForwardedCall;
  readonly headers: Readonly<Record<string, string>>;
  readonly deadlineMs: number;
  bytesLeft: number;
  isLeft: boolean;
  /** Breaks off each call that runs. */
  readonly running: Set<() => void>;
};

function beginBatch(call: ForwardedCall, shared: readonly string[]): Batch {
  const { exchange, timeoutMs } = call;
  const headers = shared.flatMap((name) => {
    const value = headerOf(exchange.request, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const batch: Batch = {
    call,
    headers: { host: "batch", ...Object.fromEntries(headers) },
    deadlineMs: Date.now() + (timeoutMs ?? Number.POSITIVE_INFINITY),
    bytesLeft: answerBytesMax,
    isLeft: false,
    running: new Set(),
  };
  exchange.onClosed(() => {
    batch.isLeft = true;
    for (const breakOff of batch.running) breakOff();
  });
  return batch;
}

/** Does work for each item, some at a time, and answers in the order of the items. */
async function inTurn<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const turns = items.entries();
  const worker = async () => {
    for (const [index, item] of turns) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: callsAtOnceMax }, worker));
  return results;
}

type One = {
  readonly call: BatchCall;
  readonly index: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly listener: Listener;
};

async function runOne(batch: Batch, { call, index, headers, listener }: One): Promise<Answer> {
  const { id, method, path, body } = call;
  const { exchange } = batch.call;
  const leftMs = Math.floor(batch.deadlineMs - Date.now());
  if (batch.isLeft) return refused(id, batchLeft());
  if (leftMs <= 0) return refused(id, batchLate());
  if (batch.bytesLeft < 0) return refused(id, answersTooLarge(answerBytesMax, "was not made"));
  const inner = callListener(listener, {
    method,
    path,
    headers: {
      ...batch.headers,
      "x-request-id": `${exchange.requestId}.${index}`,
      ...headers,
      ...(body && { "content-type": jsonType }),
      ...timeoutOf(headers[timeoutHeader], leftMs),
    },
    body: body && JSON.stringify(toJson(ValueSchema, body)),
    clientAddress: exchange.clientAddress,
  });
  batch.running.add(inner.breakOff);
  const answer = await inner.answered;
  batch.running.delete(inner.breakOff);
  if (!answer) return refused(id, batchLeft());
  batch.bytesLeft -= Buffer.byteLength(answer.body);
  return batch.bytesLeft < 0
    ? refused(id, answersTooLarge(answerBytesMax, "was made"))
    : toAnswer(id, answer);
}

/** A call may have less time than the batch. What is no time stays, for the call to be told so. */
function timeoutOf(own: string | undefined, leftMs: number): Record<string, string> {
  if (!Number.isFinite(leftMs)) return {};
  return own === undefined || Number(own) > leftMs ? { [timeoutHeader]: String(leftMs) } : {};
}

function refused(id: string, error: Parameters<typeof toErrorAnswer>[0]): Answer {
  const { status, headers, body } = toErrorAnswer(error);
  return { id, status, headers: { "content-type": jsonType, ...headers }, body: fromJson(ValueSchema, body) };
}

/** Headers that belong to the one answer that the batch is. */
const transferHeaders =
  /^(access-control-.*|connection|content-length|date|keep-alive|ratelimit-policy|strict-transport-security|transfer-encoding|vary)$/;

function toAnswer(id: string, { status, headers, body }: NonNullable<InnerAnswer>): Answer {
  const own = Object.entries(headers).filter(([name]) => !transferHeaders.test(name));
  const isJson = String(headers["content-type"]).startsWith(jsonType);
  const value = fromJson(ValueSchema, isJson && body !== "" ? JSON.parse(body) : body);
  return {
    id,
    status,
    headers: Object.fromEntries(own.map(([name, text]) => [name, String(text)])),
    ...(body !== "" && { body: value }),
  };
}
