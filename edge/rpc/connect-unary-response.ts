import type { ServerResponse } from "node:http";
import type { ConnectError } from "@connectrpc/connect";
import { codeToHttpStatus, errorToJson } from "@connectrpc/connect/protocol-connect";
import type { PassedMetadata } from "../call/passed-metadata.ts";
import { retryAfter } from "../errors/http-status.ts";
import { acceptedCompression, acceptedEncodings, isWorthCompressing } from "../http/compression.ts";
import type { Exchange } from "../http/exchange.ts";
import { headerOf } from "../http/http.ts";
import { endWith } from "../http/write-chunk.ts";
import { type RpcResponse, responseHeaders } from "./rpc-response.ts";
import type { Wire } from "./wire.ts";

/** A unary Connect response: the body is the message or the error, and the trailers are headers. */
export function connectUnaryResponse(exchange: Exchange, { contentType }: Wire): RpcResponse {
  let headers: PassedMetadata = {};
  let message: Buffer = Buffer.alloc(0);
  return {
    begin(passed) {
      headers = passed;
    },
    write(bytes) {
      message = bytes;
      return undefined;
    },
    end(error, trailers) {
      const passed = { ...headers, ...prefixed(trailers) };
      if (error) sendError(exchange, passed, error);
      else void sendMessage(exchange, contentType, passed, message);
    },
  };
}

function sendError(exchange: Exchange, passed: PassedMetadata, error: ConnectError): void {
  const body = Buffer.from(JSON.stringify(errorToJson(error, undefined)));
  const { "retry-after": wait } = retryAfter(error);
  const headers = { ...passed, ...(wait && { "retry-after": [wait] }) };
  send(exchange, codeToHttpStatus(error.code), "application/json", headers, body);
}

async function sendMessage(
  exchange: Exchange,
  contentType: string,
  passed: PassedMetadata,
  message: Buffer,
): Promise<void> {
  const compression = isWorthCompressing(message)
    ? acceptedCompression(headerOf(exchange.request, "accept-encoding"))
    : undefined;
  if (!compression) return send(exchange, 200, contentType, passed, message);
  const body = await compression.compress(message);
  send(exchange, 200, contentType, { ...passed, "content-encoding": [compression.name] }, body);
}

function send(
  exchange: Exchange,
  status: number,
  contentType: string,
  passed: PassedMetadata,
  body: Buffer,
): void {
  const response = exchange.response as ServerResponse;
  response.writeHead(status, {
    ...responseHeaders(exchange, contentType, passed),
    "accept-encoding": acceptedEncodings,
    "content-length": body.byteLength,
  });
  endWith(response, body);
}

function prefixed(trailers: PassedMetadata): PassedMetadata {
  return Object.fromEntries(Object.entries(trailers).map(([name, values]) => [`trailer-${name}`, values]));
}
