import type { ServerResponse } from "node:http";
import type { ConnectError } from "@connectrpc/connect";
import { errorToJson } from "@connectrpc/connect/protocol-connect";
import type { Exchange } from "../http/exchange.ts";
import { headerOf } from "../http/http.ts";
import { answerHeaders } from "./answer.ts";
import { answerAs } from "./answer-as.ts";
import { wireOf } from "./wire.ts";

/** Tells a caller of any RPC protocol that there is no such method. */
export function sendMethodUnknown(exchange: Exchange, error: ConnectError): void {
  const contentType = headerOf(exchange.request, "content-type") ?? "";
  const response = exchange.response as ServerResponse;
  const isGrpc = contentType.startsWith("application/grpc");
  // A codec of gRPC that there is not is answered in gRPC all the same.
  const wire = wireOf(contentType) ?? (isGrpc ? wireOf("application/grpc") : undefined);
  if (wire?.enveloped) {
    exchange.protocol = wire.protocol;
    answerAs(wire, exchange).end(error, {});
  } else {
    exchange.protocol = "connect";
    response.writeHead(404, answerHeaders(exchange, "application/json", {}));
    response.end(JSON.stringify(errorToJson(error, undefined)));
  }
}
