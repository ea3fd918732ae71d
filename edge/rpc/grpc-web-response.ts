import type { PassedMetadata } from "../call/passed-metadata.ts";
import { wrap } from "../codec/envelope.ts";
import type { Exchange } from "../http/exchange.ts";
import { envelopeResponse } from "./envelope-response.ts";
import { grpcStatusOf } from "./grpc-status.ts";
import type { RpcResponse } from "./rpc-response.ts";
import type { Wire } from "./wire.ts";

const trailerFlag = 0b10000000;

/** As gRPC, but the last envelope has the trailers: browsers do not expose those of HTTP. */
export const grpcWebResponse = (exchange: Exchange, wire: Wire): RpcResponse =>
  envelopeResponse(exchange, wire, "grpc", (response, error, trailers) => {
    response.end(wrap(trailerFlag, trailerLines(trailers, grpcStatusOf(error))));
  });

function trailerLines(trailers: PassedMetadata, status: Record<string, string>): Buffer {
  const all = [
    ...Object.entries(trailers).flatMap(([name, values]) => values.map((value) => [name, value])),
    ...Object.entries(status),
  ];
  return Buffer.from(all.map(([name, value]) => `${name}: ${value}\r\n`).join(""));
}
