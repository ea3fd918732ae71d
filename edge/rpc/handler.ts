import type { DescMethod } from "@bufbuild/protobuf";
import type { CallServices } from "../call/call-services.ts";
import { hostInvalid } from "../errors/http-error.ts";
import type { Exchange } from "../http/exchange.ts";
import { isHttp2 } from "../http/http.ts";
import { type Plan, plansOf } from "../method/plan.ts";
import { answerAs } from "./answer-as.ts";
import { type ConnectGet, readConnectGet } from "./connect-get.ts";
import { hasValidHost } from "./host.ts";
import { relayCall } from "./relay.ts";
import { wireOf } from "./wire.ts";

export type RpcHandler = {
  /** The plan of a path, or undefined if the path is no RPC's or the RPC is internal. */
  planOf(rawPath: string): Plan | undefined;
  /** Answers a call. What it throws has not been answered yet. */
  handle(exchange: Exchange, plan: Plan): Promise<void>;
};

/** Answers Connect, gRPC and gRPC-Web. */
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
  // A unary call of Connect has no envelopes, and its streams have nothing else.
  const isFitting = wire?.protocol !== "connect" || wire.enveloped !== (plan.method.methodKind === "unary");
  if (!wire || !isFitting) refuse(exchange, 415, {});
  else if (wire.protocol === "grpc" && !isHttp2(request)) refuse(exchange, 505, {});
  else {
    exchange.protocol = wire.protocol;
    await relayCall({ exchange, plan, wire, options, answer: answerAs(wire, exchange) });
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
    answerAs(wire, exchange).end(options.toError(error, exchange), {});
    return;
  }
  if (!get) refuse(exchange, 415, {});
  else {
    const { wire } = get;
    await relayCall({ exchange, plan, wire, get, options, answer: answerAs(wire, exchange) });
  }
}

/** Answers what is no call of any protocol, and so can be told in none: the status says it all. */
function refuse({ response, requestId }: Exchange, status: number, headers: Record<string, string>): void {
  response.statusCode = status;
  response.setHeader("x-request-id", requestId);
  response.setHeader("content-length", 0);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end();
}
