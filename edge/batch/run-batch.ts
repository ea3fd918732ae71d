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
import { isInBatch } from "../http/in-batch.ts";
import { jsonType } from "../http/send.ts";
import { batchInBatch, headerInvalid, headerNotAllowed } from "./batch-errors.ts";
import { type InnerCalls, type InnerResult, mapConcurrently } from "./inner-calls.ts";

/** Headers that a call can have for itself, beside those that methods read. */
const ownHeaders = ["accept", "connect-timeout-ms", "if-none-match"];

type BatchAnswer = MessageInitShape<typeof BatchAnswerSchema>;

/** Runs the calls of one batch. */
export type RunBatch = (call: ForwardedCall, request: RunBatchRequest) => Promise<RunBatchResponse>;

/** `boundHeaders` are those that methods read. */
export function createRunBatch(calls: InnerCalls, boundHeaders: readonly string[]): RunBatch {
  const allowed = [...new Set([...ownHeaders, ...boundHeaders])].sort();
  return async (call, { requests }) => {
    if (isInBatch(call.exchange.request)) throw batchInBatch();
    const headers = requests.map((one, index) => readHeaders(one, `requests[${index}]`, allowed));
    const batch = calls.begin(call);
    const responses = await mapConcurrently(requests, async ({ id, method, path, body }, index) => {
      const text = body && JSON.stringify(toJson(ValueSchema, body));
      return toAnswer(
        id,
        await batch.run({ method, path, headers: headers[index] ?? {}, body: text, index }),
      );
    });
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

/** Headers of the connection, or of the one response that the batch is. */
const transferHeaders =
  /^(access-control-.*|connection|content-length|date|keep-alive|ratelimit-policy|strict-transport-security|transfer-encoding|vary)$/;

function toAnswer(id: string, { status, headers, body }: InnerResult): BatchAnswer {
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
