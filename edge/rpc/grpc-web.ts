import type { PassedMetadata } from "../call/passed-metadata.ts";
import { wrap } from "../codec/envelope.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Answer } from "./answer.ts";
import { envelopeAnswer } from "./envelope-answer.ts";
import { grpcStatusOf } from "./grpc-status.ts";
import type { Wire } from "./wire.ts";

const trailerFlag = 0b10000000;

/** Answers gRPC-Web: as gRPC, but the trailers are the last envelope, since a browser does not see HTTP's. */
export const grpcWebAnswer = (exchange: Exchange, wire: Wire): Answer =>
  envelopeAnswer(exchange, wire, "grpc", (response, error, trailers) => {
    response.end(wrap(trailerFlag, trailerLines(trailers, grpcStatusOf(error))));
  });

function trailerLines(trailers: PassedMetadata, status: Record<string, string>): Buffer {
  const all = [
    ...Object.entries(trailers).flatMap(([name, values]) => values.map((value) => [name, value])),
    ...Object.entries(status),
  ];
  return Buffer.from(all.map(([name, value]) => `${name}: ${value}\r\n`).join(""));
}
