import type { EventEmitter } from "node:events";
import type { Readable } from "node:stream";
import { create, type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createContextValues,
  createHandlerContext,
  type HandlerContext,
  type MethodImplSpec,
} from "@connectrpc/connect";
import type {
  Server,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
  UntypedHandleCall,
} from "@grpc/grpc-js";
import { type Call, clientAddressHeader, withinCall } from "../rpc/call.ts";
import { invalidField } from "../rpc/errors.ts";
import { callerKey, type GuardedService } from "../rpc/guard.ts";
import { assertionHeader, type Caller, type Verifier } from "../rpc/principal.ts";
import type { Logger } from "../telemetry/log.ts";
import { observeHandler } from "../telemetry/observe-call.ts";
import { awaitWritable } from "./await-writable.ts";
import { encodeMessage } from "./encode-message.ts";
import { toHeaders, toMetadata } from "./grpc-metadata.ts";
import { toGrpcStatus } from "./grpc-status.ts";
import { isCertificateOf } from "./mesh-tls.ts";
import { callingProcessHeader, passedMessagesHeader, passMessages, processId } from "./passed-messages.ts";
import { toConnectError } from "./to-connect-error.ts";

type Options = { verifier: Verifier; log: Logger };
type UnaryCall = ServerUnaryCall<Buffer, Buffer>;
type ReadableCall = ServerReadableStream<Buffer, Buffer>;
type WritableCall = ServerWritableStream<Buffer, Buffer>;
type DuplexCall = ServerDuplexStream<Buffer, Buffer>;
type AnyCall = UnaryCall | ReadableCall | WritableCall | DuplexCall;
type Message = MessageShape<DescMessage>;

/** Mounts a guarded service on a grpc-js server. */
export function addService(server: Server, { service, methods }: GuardedService, options: Options): void {
  const specs = Object.entries(methods);
  const definition = specs.map(([name, { method, kind }]) => [
    name,
    {
      path: `/${service.typeName}/${method.name}`,
      requestStream: kind === "client_streaming" || kind === "bidi_streaming",
      responseStream: kind === "server_streaming" || kind === "bidi_streaming",
      // Messages are decoded in the handler, so that malformed ones get an error of ours.
      requestSerialize: (bytes: Buffer) => bytes,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
    },
  ]);
  const handlers = specs.map(([name, spec]) => [name, handle(spec, options)]);
  server.addService(Object.fromEntries(definition), Object.fromEntries(handlers));
}

function handle(spec: MethodImplSpec, options: Options): UntypedHandleCall {
  const { input, output } = spec.method;
  switch (spec.kind) {
    case "unary":
      return (call: UnaryCall, respond: sendUnaryData<Buffer>) =>
        handleUnary(spec, options, call, respond, async (context) =>
          encode(output, await spec.impl(decode(input, call.request), context)),
        );
    case "client_streaming":
      return (call: ReadableCall, respond: sendUnaryData<Buffer>) =>
        handleUnary(spec, options, call, respond, async (context) =>
          encode(output, await spec.impl(decodeEach(input, call), context)),
        );
    case "server_streaming":
      return (call: WritableCall) =>
        handleStream(spec, options, call, (context) => spec.impl(decode(input, call.request), context));
    case "bidi_streaming":
      return (call: DuplexCall) =>
        handleStream(spec, options, call, (context) => spec.impl(decodeEach(input, call), context));
  }
}

async function handleUnary(
  spec: MethodImplSpec,
  options: Options,
  call: UnaryCall | ReadableCall,
  respond: sendUnaryData<Buffer>,
  work: (context: HandlerContext) => Promise<Buffer>,
): Promise<void> {
  const context = contextOf(spec, call);
  const observed = observeHandler(spec.method, context.requestHeader);
  try {
    const bytes = await observed.within(() => within(context, call, options, () => work(context)));
    observed.end();
    call.sendMetadata(toMetadata(context.responseHeader));
    respond(null, bytes, toMetadata(context.responseTrailer));
  } catch (error) {
    const failure = toConnectError(error, context, options.log);
    observed.end(failure);
    respond(toGrpcStatus(failure));
  } finally {
    context.abort();
  }
}

async function handleStream(
  spec: MethodImplSpec,
  options: Options,
  call: WritableCall | DuplexCall,
  work: (context: HandlerContext) => AsyncIterable<object>,
): Promise<void> {
  const context = contextOf(spec, call);
  const observed = observeHandler(spec.method, context.requestHeader);
  const send = async () => {
    const messages = messagesOf(spec.method.output, work(context));
    let left: Promise<void> | undefined;
    let hasHeaders = false;
    for await (const message of messages) {
      if (!hasHeaders) {
        left = passRest(messages, context);
        call.sendMetadata(toMetadata(context.responseHeader));
      }
      hasHeaders = true;
      if (context.signal.aborted) break;
      if (!call.write(encodeMessage(spec.method.output, message))) await awaitWritable(call, context.signal);
      if (!left) continue;
      await left;
      break;
    }
  };
  try {
    await observed.within(() => within(context, call, options, send));
    context.signal.throwIfAborted();
    observed.end();
    call.end(toMetadata(context.responseTrailer));
  } catch (error) {
    const failure = toConnectError(error, context, options.log);
    observed.end(failure);
    call.emit("error", toGrpcStatus(failure));
  } finally {
    context.abort();
  }
}

async function* messagesOf(schema: DescMessage, given: AsyncIterable<object>): AsyncGenerator<Message, void> {
  for await (const message of given) yield create(schema, message as Message);
}

/** Leaves the messages after the first one to a caller in this process, and tells it so; undefined for another caller. */
function passRest(messages: AsyncGenerator<Message>, context: Context): Promise<void> | undefined {
  if (context.requestHeader.get(callingProcessHeader) !== processId) return undefined;
  const { id, taken } = passMessages(messages, context.signal);
  context.responseHeader.set(passedMessagesHeader, id);
  return taken;
}

type Context = ReturnType<typeof createHandlerContext>;

function contextOf(spec: MethodImplSpec, call: AnyCall): Context {
  const { method } = spec;
  const cancelled = new AbortController();
  (call as EventEmitter).on("cancelled", () =>
    cancelled.abort(new ConnectError("the caller cancelled", Code.Canceled)),
  );
  const timeoutMs = deadlineOf(call) - Date.now();
  return createHandlerContext({
    service: method.parent,
    method,
    protocolName: "grpc",
    requestMethod: "POST",
    url: `/${method.parent.typeName}/${method.name}`,
    requestHeader: toHeaders(call.metadata),
    requestSignal: cancelled.signal,
    contextValues: createContextValues(),
    ...(Number.isFinite(timeoutMs) && { timeoutMs }),
  });
}

const deadlineOf = (call: AnyCall): number => {
  const deadline = call.getDeadline();
  return deadline instanceof Date ? deadline.getTime() : deadline;
};

/** Runs `work` with the verified caller as the current call's principal. */
async function within<T>(
  context: Context,
  call: AnyCall,
  options: Options,
  work: () => Promise<T>,
): Promise<T> {
  const caller = await verifiedCaller(context.requestHeader, options.verifier);
  if (caller) checkCertificate(caller, call);
  context.values.set(callerKey, caller);
  const deadlineMs = deadlineOf(call);
  const current: Call = {
    principal: caller?.principal,
    requestId: context.requestHeader.get("x-request-id") ?? "",
    // Only a process of the mesh knows the client's address.
    clientAddress: (caller && context.requestHeader.get(clientAddressHeader)) ?? undefined,
    traceparent: context.requestHeader.get("traceparent") ?? undefined,
    tracestate: context.requestHeader.get("tracestate") ?? undefined,
    signal: context.signal,
    deadlineMs: Number.isFinite(deadlineMs) ? deadlineMs : undefined,
  };
  return withinCall(current, work);
}

async function verifiedCaller(header: Headers, verifier: Verifier): Promise<Caller | undefined> {
  const assertion = header.get(assertionHeader);
  if (!assertion) return undefined;
  const caller = await verifier.verify(assertion);
  const { principal } = caller;
  // The headers that repeat the principal for logs must agree with the assertion.
  const agrees =
    (header.get("x-org-id") ?? principal?.orgId) === principal?.orgId &&
    (header.get("x-user-id") ?? principal?.userId) === principal?.userId;
  if (!agrees) throw new ConnectError("identity headers and assertion differ", Code.Unauthenticated);
  return caller;
}

/** An assertion is valid only on a connection of the process that signed it. */
function checkCertificate({ process }: Caller, call: AnyCall): void {
  const certificate = call.getAuthContext()?.sslPeerCertificate;
  if (certificate && !isCertificateOf(process, certificate)) {
    throw new ConnectError(
      `the certificate of the connection is not that of ${process}`,
      Code.Unauthenticated,
    );
  }
}

function encode(schema: DescMessage, message: object): Buffer {
  return encodeMessage(schema, create(schema, message as Message));
}

function decode(schema: DescMessage, bytes: Buffer): Message {
  try {
    return fromBinary(schema, bytes);
  } catch {
    throw invalidField("body", `is not a ${schema.typeName}`);
  }
}

async function* decodeEach(schema: DescMessage, call: Readable): AsyncIterable<Message> {
  // A handler that stops reading can still respond: the end of the iteration must not destroy the call.
  for await (const bytes of call.iterator({ destroyOnReturn: false })) yield decode(schema, bytes);
}
