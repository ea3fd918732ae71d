import type { ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { ConnectError } from "@connectrpc/connect";
import { unwrapEach } from "../rpc/envelope.ts";
import { type Ending, endingOf, receiveBytesMax } from "./attempt.ts";
import { errorOf, type RawHeaders, unreachable } from "./status.ts";

/** How a stream of an upstream ended. */
export type Received = {
  readonly ending: Ending;
  readonly error: ConnectError | undefined;
  readonly trailers: RawHeaders;
};

/** Reads a stream to its end. All messages that came are read before the end is told, whatever it is. */
export async function receive(
  stream: ClientHttp2Stream,
  peer: string,
  listener: {
    begun(headers: RawHeaders): void;
    /** The next message waits for the promise, if there is one. */
    message(bytes: Buffer): Promise<void> | undefined;
    /** Comes last, once. */
    ended(received: Received): void;
  },
): Promise<void> {
  let status: IncomingHttpHeaders | undefined;
  let trailers: RawHeaders = [];
  const takeStatus = (received: IncomingHttpHeaders, raw: RawHeaders) => {
    status = received;
    trailers = raw;
  };
  stream.on("trailers", (received, _flags, raw: string[]) => takeStatus(received, raw));
  stream.on("response", (headers, _flags, raw: string[]) => {
    // A call that fails at once has its status in the headers.
    if ("grpc-status" in headers) takeStatus(headers, raw);
    else listener.begun(raw);
  });
  // An error comes out where the messages are read, or else as a call without a status.
  stream.on("error", () => undefined);
  let broken: ConnectError | undefined;
  try {
    for await (const { bytes } of unwrapEach(stream, receiveBytesMax)) {
      const taken = listener.message(bytes);
      if (taken) await taken;
    }
  } catch (error) {
    broken = error instanceof ConnectError ? error : unreachable(peer);
  }
  if (status) listener.ended({ ending: endingOf(stream, status), error: errorOf(status, peer), trailers });
  else listener.ended({ ending: endingOf(stream, status), error: broken ?? unreachable(peer), trailers });
}
