import type { Exchange } from "../http/exchange.ts";
import { isGone } from "../http/http.ts";
import { connectStreamResponse } from "./connect-stream-response.ts";
import { connectUnaryResponse } from "./connect-unary-response.ts";
import { grpcResponse } from "./grpc-response.ts";
import { grpcWebResponse } from "./grpc-web-response.ts";
import type { RpcResponse } from "./rpc-response.ts";
import type { Wire } from "./wire.ts";

/** Encodes a response in the caller's protocol. After the caller has gone, it has no effect. */
export function encodeResponse(wire: Wire, exchange: Exchange): RpcResponse {
  const encoded = responseFor(wire, exchange);
  const { response } = exchange;
  return {
    begin(headers) {
      if (!isGone(response)) encoded.begin(headers);
    },
    write: (message) => (isGone(response) ? undefined : encoded.write(message)),
    end(error, trailers) {
      if (!isGone(response)) encoded.end(error, trailers);
    },
  };
}

function responseFor(wire: Wire, exchange: Exchange): RpcResponse {
  if (wire.protocol === "grpc") return grpcResponse(exchange, wire);
  if (wire.protocol === "grpc-web") return grpcWebResponse(exchange, wire);
  return wire.enveloped ? connectStreamResponse(exchange, wire) : connectUnaryResponse(exchange, wire);
}
