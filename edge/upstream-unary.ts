import { Code } from "@connectrpc/connect";
import type { Metadata } from "@grpc/grpc-js";
import type { Exchange } from "./exchange.ts";
import type { Upstream } from "./upstream.ts";
import { answersNotOne, errorOf, type OneAnswer } from "./upstream-status.ts";

/**
 * Calls a method with one request and one answer, both encoded. It works below grpc-js's clients, which cost about as
 * much again, and does not reject: what goes wrong is in the answer.
 */
export function callUnary(
  { transport, peer }: Upstream,
  path: string,
  options: { metadata: Metadata; timeoutMs: number | undefined; message: Buffer; exchange: Exchange },
): Promise<OneAnswer> {
  const { metadata, timeoutMs, message: request, exchange } = options;
  const deadline = timeoutMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + timeoutMs;
  const call = transport.client.getChannel().createCall(path, deadline, null, null, null);
  return new Promise((resolve) => {
    let headers: Metadata | undefined;
    let message: Buffer | undefined;
    let messages = 0;
    call.start(metadata, {
      onReceiveMetadata(received) {
        headers = received;
      },
      onReceiveMessage(bytes: Buffer) {
        message = bytes;
        messages += 1;
        call.startRead();
      },
      onReceiveStatus(status) {
        const error = errorOf(status, peer) ?? (messages === 1 ? undefined : answersNotOne(messages));
        resolve({ headers, message, error, trailers: status.metadata });
      },
    });
    call.startRead();
    call.sendMessageWithContext({}, request);
    call.halfClose();
    exchange.onClosed(() => call.cancelWithStatus(Code.Canceled as number, "the caller went away"));
  });
}
