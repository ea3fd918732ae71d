import type { ServerResponse } from "node:http";
import type { Exchange } from "../exchange.ts";
import { headerOf } from "../http.ts";
import { type Answer, answerHeaders } from "./answer.ts";
import { acceptedCompression, acceptedEncodings } from "./compression.ts";
import { createEnvelopeWriter } from "./envelope-writer.ts";
import { grpcStatusOf } from "./grpc-status.ts";
import type { Wire } from "./wire.ts";

/** Answers gRPC: messages in envelopes, and the status in HTTP's trailers. */
export function grpcAnswer(exchange: Exchange, { contentType }: Wire): Answer {
  const { request } = exchange;
  // Both HTTP versions have the methods; their types differ in signatures only.
  const response = exchange.response as ServerResponse;
  const compression = acceptedCompression(headerOf(request, "grpc-accept-encoding"));
  const envelopes = createEnvelopeWriter(response, compression);
  const begin: Answer["begin"] = (headers) => {
    response.writeHead(200, {
      ...answerHeaders(exchange, contentType, headers),
      "grpc-accept-encoding": acceptedEncodings,
      ...(compression && { "grpc-encoding": compression.name }),
    });
  };
  return {
    begin,
    write: envelopes.write,
    end(error, trailers) {
      if (!response.headersSent) begin({});
      envelopes.afterwards(() => {
        response.addTrailers({ ...trailers, ...grpcStatusOf(error) } as Record<string, string>);
        response.end();
      });
    },
  };
}
