import type { ServerResponse } from "node:http";
import type { ConnectError } from "@connectrpc/connect";
import type { PassedMetadata } from "../call/passed-metadata.ts";
import { acceptedCompression, acceptedEncodings } from "../http/compression.ts";
import type { Exchange } from "../http/exchange.ts";
import { headerOf } from "../http/http.ts";
import { createEnvelopeWriter } from "./envelope-writer.ts";
import { type RpcResponse, responseHeaders } from "./rpc-response.ts";
import type { Wire } from "./wire.ts";

/** Names of the headers for accepted and used compressions. */
const encodingHeaders = {
  connect: { accepted: "connect-accept-encoding", used: "connect-content-encoding" },
  grpc: { accepted: "grpc-accept-encoding", used: "grpc-encoding" },
} as const;

/** Writes the end of a response after its messages. */
type End = (response: ServerResponse, error: ConnectError | undefined, trailers: PassedMetadata) => void;

/** A response of messages in envelopes. `end` is specific to the protocol. */
export function envelopeResponse(
  exchange: Exchange,
  { contentType }: Wire,
  family: keyof typeof encodingHeaders,
  end: End,
): RpcResponse {
  const { accepted, used } = encodingHeaders[family];
  // The responses of both HTTP versions have these methods, with different signatures.
  const response = exchange.response as ServerResponse;
  const compression = acceptedCompression(headerOf(exchange.request, accepted));
  const envelopes = createEnvelopeWriter(response, compression);
  const begin: RpcResponse["begin"] = (headers) => {
    response.writeHead(200, {
      ...responseHeaders(exchange, contentType, headers),
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
      envelopes.afterWrites(() => end(response, error, trailers));
    },
  };
}
