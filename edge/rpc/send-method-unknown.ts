import type { ServerResponse } from "node:http";
import type { ConnectError } from "@connectrpc/connect";
import { errorToJson } from "@connectrpc/connect/protocol-connect";
import type { Exchange } from "../http/exchange.ts";
import { headerOf } from "../http/http.ts";
import { encodeResponse } from "./encode-response.ts";
import { responseHeaders } from "./rpc-response.ts";
import { wireOf } from "./wire.ts";

/** Sends UNIMPLEMENTED in the caller's protocol. */
export function sendMethodUnknown(exchange: Exchange, error: ConnectError): void {
  const contentType = headerOf(exchange.request, "content-type") ?? "";
  const response = exchange.response as ServerResponse;
  const isGrpc = contentType.startsWith("application/grpc");
  // An unknown codec of gRPC gets a gRPC response, too.
  const wire = wireOf(contentType) ?? (isGrpc ? wireOf("application/grpc") : undefined);
  if (wire?.enveloped) {
    exchange.protocol = wire.protocol;
    encodeResponse(wire, exchange).end(error, {});
  } else {
    exchange.protocol = "connect";
    response.writeHead(404, responseHeaders(exchange, "application/json", {}));
    response.end(JSON.stringify(errorToJson(error, undefined)));
  }
}
