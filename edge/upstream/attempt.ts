import { constants, type OutgoingHttpHeaders } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { envelopeHeadBytes } from "../codec/envelope.ts";
import { messageTooLarge } from "../errors/http-error.ts";
import { type RawHeaders, valueIn } from "../http2-client/raw-headers.ts";
import type { Session } from "./session.ts";
import {
  answerCompressed,
  answerIncomplete,
  answersNotOne,
  errorOf,
  failed,
  type OneAnswer,
  statusName,
  unreachable,
} from "./status.ts";

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
  const received: Received = { headers: undefined, status: undefined, pieces: [], bytes: 0 };
  const stream = session?.http2.open(headers, {
    headers(raw) {
      // A call that fails at once has its status in the headers.
      if (valueIn(raw, statusName) === undefined) received.headers = raw;
      else received.status = raw;
    },
    data(piece) {
      received.bytes += piece.byteLength;
      received.pieces.push(piece);
      if (received.bytes <= receiveBytesMax + envelopeHeadBytes) stream?.credit(piece.byteLength);
      else {
        stream?.cancel();
        done("answered", failed(messageTooLarge(receiveBytesMax)));
      }
    },
    trailers(raw) {
      received.status = raw;
    },
    closed: (code) => done(endingOf(code, received.status), answerOf(received, peer)),
  });
  if (!stream) {
    queueMicrotask(() => done("refused", failed(unreachable(peer))));
    return () => undefined;
  }
  stream.end(message);
  return stream.cancel;
}

const unavailable = String(Code.Unavailable);

/** How a try ended whose stream was closed with a code, and whose status is known, or not. */
export function endingOf(code: number, status: RawHeaders | undefined): Ending {
  if (status) {
    // Where a service itself says so it gives its reasons; what stands before one that is away gives none.
    const isBare =
      valueIn(status, statusName) === unavailable && valueIn(status, "grpc-status-details-bin") === undefined;
    return isBare ? "broken" : "answered";
  }
  // A GOAWAY refuses the streams that it does not name, too.
  return code === constants.NGHTTP2_REFUSED_STREAM ? "refused" : "broken";
}

type Received = {
  headers: RawHeaders | undefined;
  /** Trailers, or headers that are all there is. */
  status: RawHeaders | undefined;
  readonly pieces: Buffer[];
  bytes: number;
};

function answerOf({ headers, status, pieces, bytes }: Received, peer: string): OneAnswer {
  if (!status) return failed(unreachable(peer));
  const trailers = status;
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
  if (at !== body.byteLength) return answerIncomplete();
  if (messages !== 1) return answersNotOne(messages);
  if (body[0] !== 0) return answerCompressed();
  return body.subarray(envelopeHeadBytes);
}
