import type { DescMethod } from "@bufbuild/protobuf";
import type { CallServices } from "../call/call-services.ts";
import { hostInvalid } from "../errors/http-error.ts";
import type { Exchange } from "../http/exchange.ts";
import { isHttp2 } from "../http/http.ts";
import { type Plan, plansOf } from "../method/plan.ts";
import { type ConnectGet, readConnectGet } from "./connect-get.ts";
import { encodeResponse } from "./encode-response.ts";
import { hasValidHost } from "./has-valid-host.ts";
import { relayCall } from "./relay-call.ts";
import { wireOf } from "./wire.ts";

export type RpcHandler = {
  /** The plan of an RPC's path; undefined for other paths and for internal RPCs. */
  planOf(rawPath: string): Plan | undefined;
  /** If it rejects, nothing has been sent. */
  handle(exchange: Exchange, plan: Plan): Promise<void>;
};

/** Handles calls of Connect, gRPC and gRPC-Web. */
export function createRpcHandler(methods: readonly DescMethod[], options: CallServices): RpcHandler {
  const plans = plansOf(methods);
  return {
    planOf: (rawPath) => plans.get(rawPath),
    async handle(exchange, plan) {
      const { request } = exchange;
      if (!hasValidHost(request)) throw hostInvalid();
      if (!plan.httpMethods.includes(request.method ?? "")) {
        refuse(exchange, 405, { allow: plan.httpMethods.join(", ") });
      } else if (request.method === "GET") await handleGet(exchange, plan, options);
      else await handlePost(exchange, plan, options);
    },
  };
}

async function handlePost(exchange: Exchange, plan: Plan, options: CallServices): Promise<void> {
  const { request } = exchange;
  const wire = wireOf(request.headers["content-type"]);
  // Connect uses envelopes for streams and none for unary calls.
  const matchesMethod =
    wire?.protocol !== "connect" || wire.enveloped !== (plan.method.methodKind === "unary");
  if (!wire || !matchesMethod) refuse(exchange, 415, {});
  else if (wire.protocol === "grpc" && !isHttp2(request)) refuse(exchange, 505, {});
  else {
    exchange.protocol = wire.protocol;
    await relayCall({ exchange, plan, wire, options, response: encodeResponse(wire, exchange) });
  }
}

async function handleGet(exchange: Exchange, plan: Plan, options: CallServices): Promise<void> {
  exchange.protocol = "connect";
  let get: ConnectGet | undefined;
  try {
    get = readConnectGet(exchange.request.url ?? "");
  } catch (error) {
    const wire = {
      protocol: "connect",
      codec: "json",
      enveloped: false,
      contentType: "application/json",
    } as const;
    encodeResponse(wire, exchange).end(options.toError(error, exchange), {});
    return;
  }
  if (!get) refuse(exchange, 415, {});
  else {
    const { wire } = get;
    await relayCall({ exchange, plan, wire, get, options, response: encodeResponse(wire, exchange) });
  }
}

/** Refuses a request that is a call of no protocol, by its HTTP status alone. */
function refuse({ response, requestId }: Exchange, status: number, headers: Record<string, string>): void {
  response.statusCode = status;
  response.setHeader("x-request-id", requestId);
  response.setHeader("content-length", 0);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end();
}
