import type { Exchange } from "../http/exchange.ts";
import { envelopeResponse } from "./envelope-response.ts";
import { grpcStatusOf } from "./grpc-status.ts";
import type { RpcResponse } from "./rpc-response.ts";
import type { Wire } from "./wire.ts";

/** Messages in envelopes, and the status in HTTP trailers. */
export const grpcResponse = (exchange: Exchange, wire: Wire): RpcResponse =>
  envelopeResponse(exchange, wire, "grpc", (response, error, trailers) => {
    response.addTrailers({ ...trailers, ...grpcStatusOf(error) } as Record<string, string>);
    response.end();
  });
