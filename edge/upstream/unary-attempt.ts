import type { OutgoingHttpHeaders } from "node:http2";
import { ConnectError } from "@connectrpc/connect";
import { envelopePrefixBytes } from "../codec/envelope.ts";
import { messageTooLarge } from "../errors/http-error.ts";
import { type RawHeaders, valueIn } from "../http2-client/raw-headers.ts";
import { attemptOutcome } from "./attempt-outcome.ts";
import type { FinishedAttempt } from "./call-steps.ts";
import type { Session } from "./connections/session.ts";
import { parsePushback } from "./retry.ts";
import {
  errorOf,
  failed,
  pushbackName,
  receiveBytesMax,
  responseCompressed,
  responseIncomplete,
  statusName,
  type UnaryResponse,
  unreachable,
  wrongResponseCount,
} from "./status.ts";

/** Makes one attempt of a call with one request and one response. Returns a function that cancels it. */
export function sendUnary(
  session: Session | undefined,
  options: { headers: OutgoingHttpHeaders; message: Buffer; peer: string },
  finished: (attempt: FinishedAttempt<UnaryResponse>) => void,
): () => void {
  const { headers, message, peer } = options;
  const received: Received = { headers: undefined, status: undefined, chunks: [], bytes: 0 };
  const finish = (outcome: FinishedAttempt<UnaryResponse>["outcome"], result: UnaryResponse) =>
    finished({
      outcome,
      pushbackMs: received.status && parsePushback(valueIn(received.status, pushbackName)),
      result,
    });
  const stream = session?.http2.open(headers, {
    headers(raw) {
      // The headers of a trailers-only response are its trailers.
      if (valueIn(raw, statusName) === undefined) received.headers = raw;
      else received.status = raw;
    },
    data(chunk) {
      received.bytes += chunk.byteLength;
      received.chunks.push(chunk);
      if (received.bytes <= receiveBytesMax + envelopePrefixBytes) stream?.credit(chunk.byteLength);
      else {
        stream?.cancel();
        finish("answered", failed(messageTooLarge(receiveBytesMax)));
      }
    },
    trailers(raw) {
      received.status = raw;
    },
    closed: (code) => finish(attemptOutcome(code, received.status), responseOf(received, peer)),
  });
  if (!stream) {
    queueMicrotask(() => finish("refused", failed(unreachable(peer))));
    return () => undefined;
  }
  stream.end(message);
  return stream.cancel;
}

type Received = {
  headers: RawHeaders | undefined;
  /** Trailers, or the headers of a trailers-only response. */
  status: RawHeaders | undefined;
  readonly chunks: Buffer[];
  bytes: number;
};

function responseOf({ headers, status, chunks, bytes }: Received, peer: string): UnaryResponse {
  if (!status) return failed(unreachable(peer));
  const trailers = status;
  const error = errorOf(status, peer);
  if (error) return { headers, message: undefined, error, trailers };
  const body = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, bytes);
  const message = onlyMessage(body);
  if (message instanceof ConnectError) return { headers, message: undefined, error: message, trailers };
  return { headers, message, error: undefined, trailers };
}

function onlyMessage(body: Buffer): Buffer | ConnectError {
  let messages = 0;
  let at = 0;
  for (; at + envelopePrefixBytes <= body.byteLength; messages += 1)
    at += envelopePrefixBytes + body.readUInt32BE(at + 1);
  if (at !== body.byteLength) return responseIncomplete();
  if (messages !== 1) return wrongResponseCount(messages);
  if (body[0] !== 0) return responseCompressed();
  return body.subarray(envelopePrefixBytes);
}
