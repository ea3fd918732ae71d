import { create, fromJson, type MessageInitShape, toJson } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import type { ConnectError } from "@connectrpc/connect";
import {
  type BatchAnswerSchema,
  type BatchCall,
  type RunBatchRequest,
  type RunBatchResponse,
  RunBatchResponseSchema,
} from "../../gen/sluice/edge/v1/batch_pb.ts";
import type { ForwardedCall } from "../call/calls.ts";
import type { ChooseDialect } from "../dialects/choose-dialect.ts";
import { responsesTooLarge } from "../errors/http-error.ts";
import { headerOf, type Listener } from "../http/http.ts";
import { isInBatch } from "../http/in-batch.ts";
import { jsonType } from "../http/send.ts";
import { batchInBatch, batchLate, batchLeft, headerInvalid, headerNotAllowed } from "./batch-errors.ts";
import { createInnerServer, type InnerResponse, type InnerServer } from "./inner-server.ts";

/** Calls of a batch that run at the same time. */
const concurrencyMax = 8;
/** Most bytes of all responses of a batch together. */
const responseBytesMax = 4 * 1024 * 1024;

/** Headers of the batch that hold for each of its calls, beside its credential. */
const sharedHeaders = ["host", "traceparent", "tracestate", "user-agent"];
/** Headers that a call can have for itself, beside those that methods read. */
const ownHeaders = ["accept", "connect-timeout-ms", "if-none-match"];
const timeoutHeader = "connect-timeout-ms";

type BatchAnswer = MessageInitShape<typeof BatchAnswerSchema>;

/** Runs the calls of one batch. */
export type RunBatch = (call: ForwardedCall, request: RunBatchRequest) => Promise<RunBatchResponse>;

export function createRunBatch(options: {
  listener: () => Listener;
  dialectOf: ChooseDialect;
  /** Headers that carry credentials. */
  credentialHeaders: readonly string[];
  /** Headers that methods read. */
  boundHeaders: readonly string[];
  /** Headers that are passed on to upstreams. */
  passedHeaders: readonly string[];
}): RunBatch {
  const { dialectOf } = options;
  const server = createInnerServer(options.listener);
  const allowed = [...new Set([...ownHeaders, ...options.boundHeaders])].sort();
  const shared = [...options.credentialHeaders, ...sharedHeaders, ...options.passedHeaders];
  return async (call, { requests }) => {
    if (isInBatch(call.exchange.request)) throw batchInBatch();
    const headers = requests.map((one, index) => readHeaders(one, `requests[${index}]`, allowed));
    const batch = beginBatch(call, { shared, server, dialectOf });
    const responses = await mapConcurrently(requests, (one, index) =>
      runOne(batch, { call: one, index, headers: headers[index] ?? {} }),
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
  readonly server: InnerServer;
  readonly dialectOf: ChooseDialect;
  readonly headers: Readonly<Record<string, string>>;
  readonly deadlineMs: number;
  bytesLeft: number;
  isCanceled: boolean;
  /** Cancels each call that runs. */
  readonly running: Set<() => void>;
};

function beginBatch(
  call: ForwardedCall,
  { shared, server, dialectOf }: Pick<Batch, "server" | "dialectOf"> & { shared: readonly string[] },
): Batch {
  const { exchange, timeoutMs } = call;
  const headers = shared.flatMap((name) => {
    const value = headerOf(exchange.request, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const batch: Batch = {
    call,
    server,
    dialectOf,
    headers: { host: "batch", ...Object.fromEntries(headers) },
    deadlineMs: Date.now() + (timeoutMs ?? Number.POSITIVE_INFINITY),
    bytesLeft: responseBytesMax,
    isCanceled: false,
    running: new Set(),
  };
  exchange.onClosed(() => {
    batch.isCanceled = true;
    for (const cancel of batch.running) cancel();
  });
  return batch;
}

/** Maps items, some at a time, to results in the order of the items. */
async function mapConcurrently<T, R>(
  items: readonly T[],
  map: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await map(item, index);
  };
  await Promise.all(Array.from({ length: concurrencyMax }, worker));
  return results;
}

type One = {
  readonly call: BatchCall;
  readonly index: number;
  readonly headers: Readonly<Record<string, string>>;
};

async function runOne(batch: Batch, { call, index, headers }: One): Promise<BatchAnswer> {
  const { method, path, body } = call;
  const { exchange } = batch.call;
  const leftMs = Math.floor(batch.deadlineMs - Date.now());
  if (batch.isCanceled) return failed(batch, call, batchLeft());
  if (leftMs <= 0) return failed(batch, call, batchLate());
  if (batch.bytesLeft < 0) return failed(batch, call, responsesTooLarge(responseBytesMax, "was not made"));
  const { responded, cancel } = batch.server.send({
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
  batch.running.add(cancel);
  const response = await responded;
  batch.running.delete(cancel);
  if (!response) return failed(batch, call, batchLeft());
  batch.bytesLeft -= Buffer.byteLength(response.body);
  return batch.bytesLeft < 0
    ? failed(batch, call, responsesTooLarge(responseBytesMax, "was made"))
    : toAnswer(call.id, response);
}

/** A call can have less time than the batch. A malformed timeout is kept: the call is refused for it. */
function timeoutOf(own: string | undefined, leftMs: number): Record<string, string> {
  if (!Number.isFinite(leftMs)) return {};
  return own === undefined || Number(own) > leftMs ? { [timeoutHeader]: String(leftMs) } : {};
}

/** An error of the batch itself, as the dialect of the call's path writes it. */
function failed({ dialectOf }: Batch, { id, path }: BatchCall, error: ConnectError): BatchAnswer {
  const { status, headers, contentType, body } = dialectOf(path.split("?", 1)[0] ?? "").encodeError(error);
  return toAnswer(id, { status, headers: { "content-type": contentType, ...headers }, body });
}

/** Headers of the connection, or of the one response that the batch is. */
const transferHeaders =
  /^(access-control-.*|connection|content-length|date|keep-alive|ratelimit-policy|strict-transport-security|transfer-encoding|vary)$/;

function toAnswer(id: string, { status, headers, body }: NonNullable<InnerResponse>): BatchAnswer {
  const own = Object.entries(headers).filter(([name]) => !transferHeaders.test(name));
  const isJson = headers["content-type"]?.startsWith(jsonType);
  const value = fromJson(ValueSchema, isJson && body !== "" ? JSON.parse(body) : body);
  return {
    id,
    status,
    headers: Object.fromEntries(own.map(([name, text]) => [name, String(text)])),
    ...(body !== "" && { body: value }),
  };
}
