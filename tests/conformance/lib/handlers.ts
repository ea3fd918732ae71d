import { setTimeout as delay } from "node:timers/promises";
import { create, fromBinary } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import type {
  Metadata,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
} from "@grpc/grpc-js";
import {
  BidiStreamRequestSchema,
  BidiStreamResponseSchema,
  ClientStreamRequestSchema,
  type ClientStreamResponse,
  ClientStreamResponseSchema,
  type ConformancePayload_RequestInfo,
  ConformancePayload_RequestInfoSchema,
  type IdempotentUnaryRequest,
  type IdempotentUnaryResponse,
  ServerStreamRequestSchema,
  ServerStreamResponseSchema,
  type StreamResponseDefinition,
  type UnaryRequest,
  type UnaryResponse,
  type UnaryResponseDefinition,
} from "../../../gen/connectrpc/conformance/v1/service_pb.ts";
import { encode, observe, toMetadata, toStatus } from "./grpc-messages.ts";

// Each method implements the comments in the contract of the suite.

type UnaryOutput =
  | GenMessage<UnaryResponse>
  | GenMessage<IdempotentUnaryResponse>
  | GenMessage<ClientStreamResponse>;

export const unary =
  (input: GenMessage<UnaryRequest | IdempotentUnaryRequest>, output: UnaryOutput) =>
  async (call: ServerUnaryCall<Buffer, Buffer>, respond: sendUnaryData<Buffer>) => {
    const request = fromBinary(input, call.request);
    const seen = observe(call)([anyPack(input, request)]);
    await respondUnary(call, request.responseDefinition, seen, output, respond);
  };

export async function clientStream(
  call: ServerReadableStream<Buffer, Buffer>,
  respond: sendUnaryData<Buffer>,
) {
  const seen = observe(call);
  let definition: UnaryResponseDefinition | undefined;
  const requests: Any[] = [];
  for await (const bytes of call) {
    const request = fromBinary(ClientStreamRequestSchema, bytes);
    if (requests.length === 0) definition = request.responseDefinition;
    requests.push(anyPack(ClientStreamRequestSchema, request));
  }
  await respondUnary(call, definition, seen(requests), ClientStreamResponseSchema, respond);
}

async function respondUnary(
  call: ServerUnaryCall<Buffer, Buffer> | ServerReadableStream<Buffer, Buffer>,
  definition: UnaryResponseDefinition | undefined,
  requestInfo: ConformancePayload_RequestInfo,
  output: UnaryOutput,
  respond: sendUnaryData<Buffer>,
): Promise<void> {
  const response = definition?.response;
  const trailers = toMetadata(definition?.responseTrailers);
  call.sendMetadata(toMetadata(definition?.responseHeaders));
  await delay(definition?.responseDelayMs ?? 0);
  if (response?.case === "error") respond(toStatus(response.value, trailers, requestInfo));
  else {
    const data = response?.case === "responseData" ? response.value : new Uint8Array();
    respond(null, encode(output, create(output, { payload: { data, requestInfo } })), trailers);
  }
}

export async function serverStream(call: ServerWritableStream<Buffer, Buffer>) {
  const request = fromBinary(ServerStreamRequestSchema, call.request);
  let requests: readonly Any[] = [anyPack(ServerStreamRequestSchema, request)];
  const replies = createReplies(call, observe(call), request.responseDefinition, ServerStreamResponseSchema);
  call.sendMetadata(replies.headers);
  while (replies.remain()) requests = await replies.send(requests);
  replies.end(requests);
}

export async function bidiStream(call: ServerDuplexStream<Buffer, Buffer>) {
  const seen = observe(call);
  let replies = createReplies(call, seen, undefined, BidiStreamResponseSchema);
  let fullDuplex = false;
  let begun = false;
  let requests: readonly Any[] = [];
  for await (const bytes of call.iterator({ destroyOnReturn: false })) {
    const request = fromBinary(BidiStreamRequestSchema, bytes);
    requests = [...requests, anyPack(BidiStreamRequestSchema, request)];
    if (!begun) {
      begun = true;
      fullDuplex = request.fullDuplex;
      replies = createReplies(call, seen, request.responseDefinition, BidiStreamResponseSchema);
      if (fullDuplex) call.sendMetadata(replies.headers);
    }
    if (!fullDuplex) continue;
    if (!replies.remain()) break;
    requests = await replies.send(requests);
  }
  if (!fullDuplex) call.sendMetadata(replies.headers);
  while (replies.remain()) requests = await replies.send(requests);
  replies.end(requests);
}

/** The responses of a stream as a test defines them. Each reports the requests since the previous one. */
function createReplies(
  call: ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>,
  seen: ReturnType<typeof observe>,
  definition: StreamResponseDefinition | undefined,
  output: typeof ServerStreamResponseSchema | typeof BidiStreamResponseSchema,
) {
  const data = definition?.responseData ?? [];
  const trailers: Metadata = toMetadata(definition?.responseTrailers);
  let sent = 0;
  const infoOf = (requests: readonly Any[]) => {
    if (sent === 0) return seen(requests);
    return requests.length > 0
      ? create(ConformancePayload_RequestInfoSchema, { requests: [...requests] })
      : undefined;
  };
  return {
    headers: toMetadata(definition?.responseHeaders),
    remain: () => sent < data.length,
    /** Returns the unreported requests: none. */
    async send(requests: readonly Any[]): Promise<readonly Any[]> {
      await delay(definition?.responseDelayMs ?? 0);
      const requestInfo = infoOf(requests);
      const payload = { data: data[sent] ?? new Uint8Array(), ...(requestInfo && { requestInfo }) };
      call.write(encode(output, create(output, { payload })));
      sent += 1;
      return [];
    },
    end(requests: readonly Any[]) {
      const error = definition?.error;
      if (!error) call.end(trailers);
      else call.emit("error", toStatus(error, trailers, sent === 0 ? seen(requests) : undefined));
    },
  };
}
