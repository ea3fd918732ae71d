import { setTimeout as delay } from "node:timers/promises";
import { create, type DescMethod, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  Metadata,
  type MethodDefinition,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { Empty } from "../../gen/grpc/testing/empty_pb.ts";
import {
  type EchoStatus,
  type SimpleRequest,
  type SimpleResponse,
  SimpleResponseSchema,
  type StreamingInputCallRequest,
  type StreamingInputCallResponse,
  StreamingInputCallResponseSchema,
  type StreamingOutputCallRequest,
  type StreamingOutputCallResponse,
  StreamingOutputCallResponseSchema,
} from "../../gen/grpc/testing/messages_pb.ts";
import { TestService } from "../../gen/grpc/testing/test_pb.ts";

// The service of gRPC's interoperability tests, with grpc-js alone. The descriptions of the cases define its behaviour.

/** Values of these are returned, as header and as trailer. */
export const echoedHeader = "x-grpc-test-echo-initial";
export const echoedTrailer = "x-grpc-test-echo-trailing-bin";

const { unimplementedCall: _unimplemented, ...methods } = TestService.method;

export const definition: ServiceDefinition = Object.fromEntries(
  Object.entries(methods).map(([name, method]) => [name, definitionOf(method)]),
);

// biome-ignore lint/suspicious/noExplicitAny: grpc-js has one type for the definitions of all methods
function definitionOf(method: DescMethod): MethodDefinition<any, any> {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: (message) => Buffer.from(toBinary(method.input, message)),
    requestDeserialize: (bytes) => fromBinary(method.input, bytes),
    responseSerialize: (message) => Buffer.from(toBinary(method.output, message)),
    responseDeserialize: (bytes) => fromBinary(method.output, bytes),
  };
}

export const implementation: UntypedServiceImplementation = {
  emptyCall: ({ request }: ServerUnaryCall<Empty, Empty>, respond: sendUnaryData<Empty>) =>
    respond(null, request),

  unaryCall(call: ServerUnaryCall<SimpleRequest, SimpleResponse>, respond: sendUnaryData<SimpleResponse>) {
    const { request } = call;
    const { header, trailer } = echoOf(call.metadata);
    call.sendMetadata(header);
    if (request.responseStatus?.code) respond(failureOf(request.responseStatus, trailer));
    else respond(null, create(SimpleResponseSchema, payloadOf(request.responseSize)), trailer);
  },

  async streamingOutputCall(
    call: ServerWritableStream<StreamingOutputCallRequest, StreamingOutputCallResponse>,
  ) {
    await respondEach(call, call.request);
    call.end();
  },

  streamingInputCall(
    call: ServerReadableStream<StreamingInputCallRequest, StreamingInputCallResponse>,
    respond: sendUnaryData<StreamingInputCallResponse>,
  ) {
    let aggregatedPayloadSize = 0;
    call.on("data", ({ payload }: StreamingInputCallRequest) => {
      aggregatedPayloadSize += payload?.body.length ?? 0;
    });
    call.on("end", () => respond(null, create(StreamingInputCallResponseSchema, { aggregatedPayloadSize })));
  },

  async fullDuplexCall(call: ServerDuplexStream<StreamingOutputCallRequest, StreamingOutputCallResponse>) {
    const { header, trailer } = echoOf(call.metadata);
    call.sendMetadata(header);
    for await (const request of call.iterator({ destroyOnReturn: false })) {
      if (request.responseStatus?.code) {
        call.emit("error", failureOf(request.responseStatus, trailer));
        return;
      }
      await respondEach(call, request);
    }
    call.end(trailer);
  },
};

type ResponseStream = Pick<ServerDuplexStream<unknown, StreamingOutputCallResponse>, "write">;

async function respondEach(
  call: ResponseStream,
  { responseParameters }: StreamingOutputCallRequest,
): Promise<void> {
  for (const { size, intervalUs } of responseParameters) {
    await delay(intervalUs / 1000);
    call.write(create(StreamingOutputCallResponseSchema, payloadOf(size)));
  }
}

const payloadOf = (size: number) => ({ payload: { body: new Uint8Array(size) } });

const failureOf = ({ code, message }: EchoStatus, metadata: Metadata) => ({
  code: code as number,
  details: message,
  metadata,
});

function echoOf(metadata: Metadata): { header: Metadata; trailer: Metadata } {
  const only = (name: string): Metadata => {
    const echo = new Metadata();
    for (const value of metadata.get(name)) echo.add(name, value);
    return echo;
  };
  return { header: only(echoedHeader), trailer: only(echoedTrailer) };
}
