import {
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageShape,
} from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type Interceptor,
  type StreamRequest,
  type StreamResponse,
  type Transport,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import { runStreamingCall, runUnaryCall } from "@connectrpc/connect/protocol";
import {
  type ChannelOptions,
  Client,
  type ClientDuplexStream,
  type Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { failure } from "../rpc/errors.ts";
import { awaitWritable } from "./await-writable.ts";
import { encodeMessage } from "./encode-message.ts";
import { toHeaders, toMetadata } from "./grpc-metadata.ts";
import { fromGrpcStatus, isLocalFailure, isUnreadable } from "./grpc-status.ts";
import { channelSecurityFor, type MeshTls } from "./mesh-tls.ts";
import { serviceConfigOf } from "./service-config.ts";

/** Largest message that is accepted from a peer, in bytes. */
const receiveBytesMax = 16 * 1024 * 1024;

const channelOptions: ChannelOptions = {
  "grpc.max_receive_message_length": receiveBytesMax,
  // Short, so that a restarted peer is found soon. Calls in between fail at once.
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1000,
  "grpc.keepalive_time_ms": 20_000,
  "grpc.keepalive_timeout_ms": 5_000,
  // Channels share connections by default, and one that closes would close those of others.
  "grpc.use_local_subchannel_pool": 1,
};

export type GrpcTransport = Transport & Disposable & { readonly client: Client; readonly peer: string };

/**
 * A Connect transport over grpc-js. `peer` is the called process, for error texts and its certificate; `address` is a gRPC
 * target. Calls of `services` are retried as their contracts allow.
 */
export function createGrpcTransport(options: {
  peer: string;
  address: string;
  tls?: MeshTls | undefined;
  services?: readonly DescService[];
  interceptors?: Interceptor[];
}): GrpcTransport {
  const { peer, address, interceptors = [], services = [] } = options;
  const security = channelSecurityFor(peer, address, options.tls);
  const client = new Client(address, security.credentials, {
    ...channelOptions,
    ...security.options,
    "grpc.service_config": JSON.stringify(serviceConfigOf(services)),
  });
  return {
    client,
    peer,
    unary(method, signal, timeoutMs, header, message, contextValues) {
      return runUnaryCall({
        req: { ...requestHead(method, header, contextValues), stream: false, method, message },
        next: (request) => unaryCall(client, peer, request, timeoutMs),
        interceptors,
        ...(signal && { signal }),
        ...(timeoutMs !== undefined && { timeoutMs }),
      });
    },
    stream(method, signal, timeoutMs, header, message, contextValues) {
      return runStreamingCall({
        req: { ...requestHead(method, header, contextValues), stream: true, method, message },
        next: (request) => streamingCall(client, peer, request, timeoutMs),
        interceptors,
        ...(signal && { signal }),
        ...(timeoutMs !== undefined && { timeoutMs }),
      });
    },
    [Symbol.dispose]: () => client.close(),
  };
}

function requestHead(
  method: DescMethod,
  header: ConstructorParameters<typeof Headers>[0],
  contextValues: Parameters<Transport["unary"]>[5],
) {
  return {
    service: method.parent,
    requestMethod: "POST",
    url: pathOf(method),
    header: new Headers(header),
    contextValues: contextValues as UnaryRequest["contextValues"],
  };
}

const pathOf = (method: DescMethod): string => `/${method.parent.typeName}/${method.name}`;
const serializer =
  <D extends DescMessage>(schema: D) =>
  (message: MessageShape<D>) =>
    encodeMessage(schema, message);
const deserializer =
  <D extends DescMessage>(schema: D) =>
  (bytes: Buffer) =>
    fromBinary(schema, bytes);
const callOptions = (timeoutMs: number | undefined) =>
  timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };

function unaryCall<I extends DescMessage, O extends DescMessage>(
  client: Client,
  peer: string,
  request: UnaryRequest<I, O>,
  timeoutMs: number | undefined,
): Promise<UnaryResponse<I, O>> {
  return new Promise((resolve, reject) => {
    const { method, signal } = request;
    let header = new Headers();
    let trailer = new Headers();
    const call = client.makeUnaryRequest(
      pathOf(method),
      serializer(method.input),
      deserializer(method.output),
      request.message,
      toMetadata(request.header),
      callOptions(timeoutMs),
      (error, message) => {
        // The status event with the trailers follows within the same iteration of the event loop.
        setImmediate(() => {
          signal.removeEventListener("abort", cancel);
          if (error) reject(fromPeerStatus(error, peer));
          else
            resolve({
              stream: false,
              service: method.parent,
              method,
              header,
              trailer,
              message: message ?? create(method.output),
            });
        });
      },
    );
    const cancel = () => call.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    call.on("metadata", (metadata: Metadata) => {
      header = toHeaders(metadata);
    });
    call.on("status", (status) => {
      trailer = toHeaders(status.metadata);
    });
  });
}

// The kinds of streaming methods differ only in their number of messages, so a bidirectional call serves all of them.
async function streamingCall<I extends DescMessage, O extends DescMessage>(
  client: Client,
  peer: string,
  request: StreamRequest<I, O>,
  timeoutMs: number | undefined,
): Promise<StreamResponse<I, O>> {
  const { method, signal } = request;
  const call = client.makeBidiStreamRequest(
    pathOf(method),
    serializer(method.input),
    deserializer(method.output),
    toMetadata(request.header),
    callOptions(timeoutMs),
  );
  const cancel = () => call.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  if (signal.aborted) cancel();
  const trailer = new Headers();
  call.on("status", (status) => {
    for (const [name, value] of toHeaders(status.metadata)) trailer.append(name, value);
  });
  const requests: RequestState = { failure: undefined };
  void send(call, request.message, signal, requests);
  const toError = (error: ServiceError) => {
    // If the iteration of the requests failed, it canceled the call, and its error is the cause.
    const isCanceled = (error.code as number) === Code.Canceled;
    return isCanceled && requests.failure ? requests.failure.error : fromPeerStatus(error, peer);
  };
  const header = await firstMetadata(call, toError);
  return {
    stream: true,
    service: method.parent,
    method,
    header,
    trailer,
    message: receive(call, toError, () => signal.removeEventListener("abort", cancel)),
  };
}

/** Whether the iteration of a call's request messages failed. */
type RequestState = { failure: { readonly error: unknown } | undefined };

type ToError = (error: ServiceError) => unknown;

/** Sends every message with backpressure. */
async function send<I, O>(
  call: ClientDuplexStream<I, O>,
  messages: AsyncIterable<I>,
  signal: AbortSignal,
  requests: RequestState,
): Promise<void> {
  try {
    for await (const message of messages) {
      if (call.destroyed || call.writableEnded) return;
      if (!call.write(message)) await awaitWritable(call, signal);
    }
    call.end();
  } catch (error) {
    requests.failure = { error };
    call.cancel();
  }
}

function firstMetadata<I, O>(call: ClientDuplexStream<I, O>, toError: ToError): Promise<Headers> {
  return new Promise((resolve, reject) => {
    call.once("metadata", (metadata: Metadata) => resolve(toHeaders(metadata)));
    // A peer that fails at once sends trailers only.
    call.once("error", (error: ServiceError) => reject(toError(error)));
    // A response without messages may be trailers-only, too.
    call.once("status", () => resolve(new Headers()));
  });
}

async function* receive<I, O>(
  call: ClientDuplexStream<I, O>,
  toError: ToError,
  release: () => void,
): AsyncIterable<O> {
  try {
    for await (const message of call) yield message as O;
  } catch (error) {
    throw toError(error as ServiceError);
  } finally {
    release();
    call.cancel();
  }
}

/** The error of a call to a peer. If the peer can't be reached, it contains the peer's name and no address. */
export function fromPeerStatus(
  error: Pick<ServiceError, "code" | "details" | "metadata">,
  peer: string,
): ConnectError {
  if (isLocalFailure(error)) {
    return failure(Code.Unavailable, ErrorReason.UPSTREAM_UNAVAILABLE, `${peer} does not answer`, { peer });
  }
  // Not the caller's doing, as ResourceExhausted would say.
  if (isUnreadable(error)) return new ConnectError(`${peer}: ${error.details}`, Code.Internal);
  return fromGrpcStatus(error);
}
