import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from "node:http2";
import type { ConnectError } from "@connectrpc/connect";
import { Metadata } from "@grpc/grpc-js";
import { unwrapEach, wrap } from "./rpc/envelope.ts";
import { callerGone, deadlinePassed } from "./rpc/refusals.ts";
import type { Upstream } from "./upstream.ts";
import { errorOf, unreachable } from "./upstream-status.ts";
import { writePiece } from "./write-piece.ts";

/** Largest message that is taken from an upstream, in bytes. */
const receiveBytesMax = 16 * 1024 * 1024;

/** A call with many messages in either direction or both. */
export type StreamCall = {
  /** The promise, if there is one, resolves when the upstream took enough. */
  send(message: Buffer): Promise<void> | undefined;
  /** No more requests come. */
  end(): void;
  cancel(): void;
};

/** What comes back of a call. */
export type StreamListener = {
  begun(headers: Metadata): void;
  /** The next message waits for the promise, if there is one. */
  message(bytes: Buffer): Promise<void> | undefined;
  /** Comes last, once. Without an error the call was well. */
  ended(error: ConnectError | undefined, trailers: Metadata): void;
};

/** Begins a call; rejects if the upstream can't be reached. */
export async function openStream(
  { sessions, peer }: Upstream,
  path: string,
  options: { metadata: Metadata; timeoutMs: number | undefined; listener: StreamListener },
): Promise<StreamCall> {
  const { metadata, timeoutMs, listener } = options;
  const stream = await request(sessions, path, metadata, timeoutMs).catch(() => {
    throw unreachable(peer);
  });
  let over = false;
  const end: StreamListener["ended"] = (error, trailers) => {
    if (over) return;
    over = true;
    clearTimeout(late);
    listener.ended(error, trailers);
    // A service may answer before it was sent everything.
    if (!stream.writableEnded) stream.close(constants.NGHTTP2_CANCEL);
  };
  const stop = (error: ConnectError) => {
    end(error, new Metadata());
    stream.close(constants.NGHTTP2_CANCEL);
  };
  const late = timeoutMs === undefined ? undefined : setTimeout(() => stop(deadlinePassed()), timeoutMs);
  const message: StreamListener["message"] = (bytes) => {
    sessions.notifyResponseByteRead(stream);
    return over ? undefined : listener.message(bytes);
  };
  void receive(stream, peer, { begun: listener.begun, message, ended: end });
  return {
    send: (message) => writePiece(stream, wrap(0, message)),
    end: () => stream.end(),
    cancel: () => stop(callerGone()),
  };
}

function request(
  sessions: Upstream["sessions"],
  path: string,
  metadata: Metadata,
  timeoutMs: number | undefined,
): Promise<ClientHttp2Stream> {
  const headers = {
    ...metadata.toHttp2Headers(),
    "content-type": "application/grpc+proto",
    te: "trailers",
    "user-agent": "sluice-edge",
    ...(timeoutMs !== undefined && { "grpc-timeout": grpcTimeout(timeoutMs) }),
  };
  return sessions.request("POST", path, headers, {});
}

/** At most eight digits, in the finest unit that they suffice for. */
const grpcTimeout = (timeoutMs: number): string =>
  timeoutMs < 1e8 ? `${Math.ceil(timeoutMs)}m` : `${Math.min(99_999_999, Math.ceil(timeoutMs / 1000))}S`;

async function receive(stream: ClientHttp2Stream, peer: string, listener: StreamListener): Promise<void> {
  let trailers: IncomingHttpHeaders | undefined;
  stream.on("trailers", (received) => {
    trailers = received;
  });
  stream.on("response", (headers) => {
    // A call that fails at once has its status in the headers.
    if ("grpc-status" in headers) trailers = headers;
    else listener.begun(Metadata.fromHttp2Headers(headers));
  });
  // An error comes out where the messages are read, or else as a call without a status.
  stream.on("error", () => undefined);
  try {
    for await (const { bytes } of unwrapEach(stream, receiveBytesMax)) await listener.message(bytes);
  } catch {
    if (!trailers) return listener.ended(unreachable(peer), new Metadata());
  }
  if (!trailers) return listener.ended(unreachable(peer), new Metadata());
  const metadata = Metadata.fromHttp2Headers(trailers);
  const code = Number(trailers["grpc-status"] ?? 2);
  const details = percentDecode(String(trailers["grpc-message"] ?? ""));
  listener.ended(errorOf({ code, details, metadata }, peer), metadata);
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
