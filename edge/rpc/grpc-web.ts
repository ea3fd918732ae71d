import type { ServerResponse } from "node:http";
import type { Exchange } from "../exchange.ts";
import { headerOf } from "../http.ts";
import { type Answer, answerHeaders } from "./answer.ts";
import { acceptedCompression, acceptedEncodings } from "./compression.ts";
import { wrap } from "./envelope.ts";
import { createEnvelopeWriter } from "./envelope-writer.ts";
import { grpcStatusOf } from "./grpc-status.ts";
import type { PassedMetadata } from "./passed-metadata.ts";
import type { Wire } from "./wire.ts";

const trailerFlag = 0b10000000;

/** Answers gRPC-Web: as gRPC, but the trailers are the last envelope, since a browser does not see HTTP's. */
export function grpcWebAnswer(exchange: Exchange, { contentType }: Wire): Answer {
  const { request } = exchange;
  const response = exchange.response as ServerResponse;
  const compression = acceptedCompression(headerOf(request, "grpc-accept-encoding"));
  const envelopes = createEnvelopeWriter(response, compression);
  const begin: Answer["begin"] = (headers) => {
    response.writeHead(200, {
      ...answerHeaders(exchange, contentType, headers),
      "grpc-accept-encoding": acceptedEncodings,
      ...(compression && { "grpc-encoding": compression.name }),
    });
    response.flushHeaders();
  };
  return {
    begin,
    write: envelopes.write,
    end(error, trailers) {
      if (!response.headersSent) begin({});
      envelopes.afterwards(() =>
        response.end(wrap(trailerFlag, trailerLines(trailers, grpcStatusOf(error)))),
      );
    },
  };
}

function trailerLines(trailers: PassedMetadata, status: Record<string, string>): Buffer {
  const all = [
    ...Object.entries(trailers).flatMap(([name, values]) => values.map((value) => [name, value])),
    ...Object.entries(status),
  ];
  return Buffer.from(all.map(([name, value]) => `${name}: ${value}\r\n`).join(""));
}
