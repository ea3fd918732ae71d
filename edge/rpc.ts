import type { DescMethod, Message } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import {
  type ConnectError,
  type ConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
  type MethodImpl,
} from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { accessOf } from "./access.ts";
import type { Authenticate } from "./auth/authenticate.ts";
import { type Exchange, toCall } from "./exchange.ts";
import { type Forward, once } from "./forward.ts";
import { type HttpRequest, headerOf } from "./http.ts";
import type { Limits } from "./limits.ts";
import { type Incoming, readPieces } from "./rest/body.ts";
import { hostInvalid } from "./rest/http-error.ts";

/** Largest message of a request, inflated, in bytes. */
const messageBytesMax = 4 * 1024 * 1024;

const exchangeKey = createContextKey<Exchange | undefined>(undefined, { description: "exchange" });

export type RpcHandler = {
  /** The method of a path, or undefined if the path is no RPC's or the RPC is internal. */
  methodOf(rawPath: string): DescMethod | undefined;
  handle(exchange: Exchange): void;
};

/** Answers Connect, gRPC and gRPC-Web. */
export function createRpcHandler(options: {
  methods: readonly DescMethod[];
  authenticate: Authenticate;
  forward: Forward;
  limits: Limits;
  toError: (error: unknown, exchange: Exchange) => ConnectError;
}): RpcHandler {
  const { methods, authenticate, forward, limits, toError } = options;
  const exposed = methods.filter((method) => accessOf(method) !== "internal");
  const byPath = new Map(exposed.map((method) => [`/${method.parent.typeName}/${method.name}`, method]));
  const exchanges = new WeakMap<HttpRequest, Exchange>();
  const handler = connectNodeAdapter({
    readMaxBytes: messageBytesMax,
    routes: (router: ConnectRouter) => {
      for (const method of exposed) router.rpc(method, implement(method, forward, toError));
    },
    contextValues: (request) => createContextValues().set(exchangeKey, exchanges.get(request)),
    // Runs on the headers, before a byte of the body is read.
    requestGate: async (context) => {
      const exchange = exchangeOf(context);
      exchange.protocol = context.protocolName;
      exchange.method = context.method;
      try {
        exchange.principal = await authenticate(accessOf(context.method), exchange.request);
      } catch (error) {
        throw toError(error, exchange);
      }
    },
  });
  return {
    methodOf: (rawPath) => byPath.get(rawPath),
    handle(exchange) {
      exchanges.set(exchange.request, exchange);
      const incoming = { request: exchange.request, pauseMs: limits.pauseMs };
      keepWhenUnread(incoming, byPath.get(exchange.route ?? ""));
      try {
        handler(exchange.request, exchange.response);
      } catch {
        // Before it answers anything, the adapter makes a URL of the host and the path.
        throw hostInvalid();
      }
    },
  };
}

/** The HTTP methods of an RPC. */
export function httpMethodsOf(method: DescMethod): string[] {
  const isRead =
    method.methodKind === "unary" && method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
  return isRead ? ["GET", "POST"] : ["POST"];
}

/** Whether the caller speaks gRPC or gRPC-Web, which answer errors in their own way. */
export const isGrpc = (request: HttpRequest): boolean =>
  headerOf(request, "content-type")?.startsWith("application/grpc") === true;

// An error before the end of the body would otherwise destroy the request, and the answer with it. A stream's caller
// may pause as long as it likes; the one message of other calls comes without pause.
function keepWhenUnread(incoming: Incoming, method: DescMethod | undefined): void {
  const isStream = method?.methodKind === "client_streaming" || method?.methodKind === "bidi_streaming";
  const { request } = incoming;
  Object.defineProperty(request, Symbol.asyncIterator, {
    value: () => (isStream ? request.iterator({ destroyOnReturn: false }) : readPieces(incoming)),
  });
}

function exchangeOf(context: HandlerContext): Exchange {
  const exchange = context.values.get(exchangeKey);
  if (!exchange) throw new Error("a call without an exchange");
  return exchange;
}

function implement(
  method: DescMethod,
  forward: Forward,
  toError: (error: unknown, exchange: Exchange) => ConnectError,
): MethodImpl<DescMethod> {
  const callOf = (context: HandlerContext) =>
    toCall(exchangeOf(context), method, context.timeoutMs(), context.signal);
  const orError = async <T>(context: HandlerContext, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw toError(error, exchangeOf(context));
    }
  };
  async function* answers(messages: AsyncIterable<Message>, context: HandlerContext) {
    try {
      yield* await forward.stream(callOf(context), messages);
    } catch (error) {
      throw toError(error, exchangeOf(context));
    }
  }
  const unary = (message: Message, context: HandlerContext) =>
    orError(context, () => forward.unary(callOf(context), message));
  const collect = (messages: AsyncIterable<Message>, context: HandlerContext) =>
    orError(context, () => forward.collect(callOf(context), messages));
  const expand = (message: Message, context: HandlerContext) => answers(once(message), context);
  const byKind = {
    unary,
    client_streaming: collect,
    server_streaming: expand,
    bidi_streaming: answers,
  };
  return byKind[method.methodKind] as MethodImpl<DescMethod>;
}
