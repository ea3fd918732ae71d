import type { OutgoingHttpHeaders } from "node:http";
import type { ConnectError } from "@connectrpc/connect";
import type { PassedMetadata } from "../call/passed-metadata.ts";
import type { Exchange } from "../http/exchange.ts";

/**
 * Writes the answer of one call as its protocol has it: `begin` once, `write` for each message, `end` once. An `end`
 * without `begin` begins by itself.
 */
export type Answer = {
  begin(headers: PassedMetadata): void;
  /** The promise, if there is one, is for whoever wants to go no faster than the reader. */
  write(message: Buffer): Promise<void> | undefined;
  /** Without an error the call was well. */
  end(error: ConnectError | undefined, trailers: PassedMetadata): void;
};

/** Headers of every answer to an RPC. */
export function answerHeaders(
  exchange: Exchange,
  contentType: string,
  passed: PassedMetadata,
): OutgoingHttpHeaders {
  return { ...passed, "content-type": contentType, "x-request-id": exchange.requestId };
}
