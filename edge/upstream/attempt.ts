import {
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { messageTooLarge } from "../rest/http-error.ts";
import { envelopeHeadBytes } from "../rpc/envelope.ts";
import type { Session } from "./session.ts";
import { answersNotOne, errorOf, failed, type OneAnswer, type RawHeaders, unreachable } from "./status.ts";

/** Largest message that is taken from an upstream, in bytes. */
export const receiveBytesMax = 16 * 1024 * 1024;

/**
 * How a try ended: with a word of the upstream, without one, or without the upstream having begun with it, which alone is
 * sure to have had no effect.
 */
export type Ending = "answered" | "broken" | "refused";

/** Tries a call with one request and one answer on a connection. Answers how to break it off. */
export function tryUnary(
  session: Session | undefined,
  options: { headers: OutgoingHttpHeaders; message: Buffer; peer: string },
  done: (ending: Ending, answer: OneAnswer) => void,
): () => void {
  const { headers, message, peer } = options;
  const stream = openRequest(session, headers);
  if (!stream) {
    queueMicrotask(() => done("refused", failed(unreachable(peer))));
    return () => undefined;
  }
  const received: Received = { headers: undefined, status: undefined, trailers: [], pieces: [], bytes: 0 };
  let isOver = false;
  const finish = () => {
    if (isOver) return;
    isOver = true;
    done(endingOf(stream, received.status), answerOf(received, peer));
  };
  const cancel = () => {
    isOver = true;
    stream.close(constants.NGHTTP2_CANCEL);
  };
  stream.on("response", (head, _flags, raw: string[]) => {
    // A call that fails at once has its status in the headers.
    if ("grpc-status" in head) takeStatus(received, head, raw);
    else received.headers = raw;
  });
  stream.on("trailers", (trailers, _flags, raw: string[]) => takeStatus(received, trailers, raw));
  stream.on("data", (piece: Buffer) => {
    received.bytes += piece.byteLength;
    received.pieces.push(piece);
    if (received.bytes <= receiveBytesMax + envelopeHeadBytes || isOver) return;
    cancel();
    done("answered", failed(messageTooLarge(receiveBytesMax)));
  });
  stream.on("end", () => {
    if (received.status) finish();
  });
  stream.on("close", finish);
  // What broke is told by `close`.
  stream.on("error", () => undefined);
  stream.end(message);
  return cancel;
}

/** A request on a connection; undefined if the connection has just ended. */
export function openRequest(
  session: Session | undefined,
  headers: OutgoingHttpHeaders,
): ClientHttp2Stream | undefined {
  if (!session || session.http2.destroyed || session.http2.closed) return undefined;
  return session.http2.request(headers);
}

const unavailable = String(Code.Unavailable);

export function endingOf(stream: ClientHttp2Stream, status: IncomingHttpHeaders | undefined): Ending {
  if (status) {
    // Where a service itself says so it gives its reasons; what stands before one that is away gives none.
    const isBare = status["grpc-status"] === unavailable && !("grpc-status-details-bin" in status);
    return isBare ? "broken" : "answered";
  }
  // A GOAWAY refuses the streams that it does not name, too.
  return stream.rstCode === constants.NGHTTP2_REFUSED_STREAM ? "refused" : "broken";
}

type Received = {
  headers: RawHeaders | undefined;
  status: IncomingHttpHeaders | undefined;
  trailers: RawHeaders;
  readonly pieces: Buffer[];
  bytes: number;
};

function takeStatus(received: Received, status: IncomingHttpHeaders, raw: RawHeaders): void {
  received.status = status;
  received.trailers = raw;
}

function answerOf({ headers, status, trailers, pieces, bytes }: Received, peer: string): OneAnswer {
  if (!status) return failed(unreachable(peer));
  const error = errorOf(status, peer);
  if (error) return { headers, message: undefined, error, trailers };
  const body = pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces, bytes);
  const message = onlyMessage(body);
  if (message instanceof ConnectError) return { headers, message: undefined, error: message, trailers };
  return { headers, message, error: undefined, trailers };
}

function onlyMessage(body: Buffer): Buffer | ConnectError {
  let messages = 0;
  let at = 0;
  for (; at + envelopeHeadBytes <= body.byteLength; messages += 1)
    at += envelopeHeadBytes + body.readUInt32BE(at + 1);
  if (at !== body.byteLength) return new ConnectError("the upstream's answer is not whole", Code.Internal);
  if (messages !== 1) return answersNotOne(messages);
  // Nothing asks the upstream for compression.
  if (body[0] !== 0) return new ConnectError("the upstream's answer is compressed", Code.Internal);
  return body.subarray(envelopeHeadBytes);
}
