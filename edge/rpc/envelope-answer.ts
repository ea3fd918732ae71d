import type { ServerResponse } from "node:http";
import type { ConnectError } from "@connectrpc/connect";
import type { PassedMetadata } from "../call/passed-metadata.ts";
import { acceptedCompression, acceptedEncodings } from "../http/compression.ts";
import type { Exchange } from "../http/exchange.ts";
import { headerOf } from "../http/http.ts";
import { type Answer, answerHeaders } from "./answer.ts";
import { createEnvelopeWriter } from "./envelope-writer.ts";
import type { Wire } from "./wire.ts";

/** Which headers list the compressions that one takes, and name the one that was used. */
const encodingHeaders = {
  connect: { accepted: "connect-accept-encoding", used: "connect-content-encoding" },
  grpc: { accepted: "grpc-accept-encoding", used: "grpc-encoding" },
} as const;

/** Ends an answer that has begun, behind its messages. */
type End = (response: ServerResponse, error: ConnectError | undefined, trailers: PassedMetadata) => void;

/** Answers with messages in envelopes; how they end is each protocol's own. */
export function envelopeAnswer(
  exchange: Exchange,
  { contentType }: Wire,
  family: keyof typeof encodingHeaders,
  end: End,
): Answer {
  const { accepted, used } = encodingHeaders[family];
  // Both HTTP versions have the methods; their types differ in signatures only.
  const response = exchange.response as ServerResponse;
  const compression = acceptedCompression(headerOf(exchange.request, accepted));
  const envelopes = createEnvelopeWriter(response, compression);
  const begin: Answer["begin"] = (headers) => {
    response.writeHead(200, {
      ...answerHeaders(exchange, contentType, headers),
      [accepted]: acceptedEncodings,
      ...(compression && { [used]: compression.name }),
    });
    response.flushHeaders();
  };
  return {
    begin,
    write: envelopes.write,
    end(error, trailers) {
      if (!response.headersSent) begin({});
      envelopes.afterwards(() => end(response, error, trailers));
    },
  };
}
