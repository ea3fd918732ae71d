import type { OutgoingHttpHeaders } from "node:http";
import type { ConnectError } from "@connectrpc/connect";
import type { PassedMetadata } from "../call/passed-metadata.ts";
import type { Exchange } from "../http/exchange.ts";

/** Writes the response of one call: `begin` at most once, `write` for each message, `end` exactly once. */
export type RpcResponse = {
  begin(headers: PassedMetadata): void;
  /** The promise, if there is one, resolves when there is room for more. */
  write(message: Buffer): Promise<void> | undefined;
  /** No error means OK. */
  end(error: ConnectError | undefined, trailers: PassedMetadata): void;
};

/** Headers of every RPC response. */
export function responseHeaders(
  exchange: Exchange,
  contentType: string,
  passed: PassedMetadata,
): OutgoingHttpHeaders {
  return { ...passed, "content-type": contentType, "x-request-id": exchange.requestId };
}
