import type { ServerResponse } from "node:http";
import { endStreamFlag, errorToJson } from "@connectrpc/connect/protocol-connect";
import type { Exchange } from "../exchange.ts";
import { headerOf } from "../http.ts";
import { type Answer, answerHeaders } from "./answer.ts";
import { acceptedCompression, acceptedEncodings } from "./compression.ts";
import { wrap } from "./envelope.ts";
import { createEnvelopeWriter } from "./envelope-writer.ts";
import type { Wire } from "./wire.ts";

/** Answers a stream of Connect: its last envelope has the trailers and the error. */
export function connectStreamAnswer(exchange: Exchange, { contentType }: Wire): Answer {
  const { request } = exchange;
  const response = exchange.response as ServerResponse;
  const compression = acceptedCompression(headerOf(request, "connect-accept-encoding"));
  const envelopes = createEnvelopeWriter(response, compression);
  const begin: Answer["begin"] = (headers) => {
    response.writeHead(200, {
      ...answerHeaders(exchange, contentType, headers),
      "connect-accept-encoding": acceptedEncodings,
      ...(compression && { "connect-content-encoding": compression.name }),
    });
    response.flushHeaders();
  };
  return {
    begin,
    write: envelopes.write,
    end(error, trailers) {
      if (!response.headersSent) begin({});
      const last = {
        ...(error && { error: errorToJson(error, undefined) }),
        ...(Object.keys(trailers).length > 0 && { metadata: trailers }),
      };
      const bytes = Buffer.from(JSON.stringify(last));
      envelopes.afterwards(() => response.end(wrap(endStreamFlag, bytes)));
    },
  };
}
