import { constants, type OutgoingHttpHeaders } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { unwrapEach } from "../codec/envelope.ts";
import { createContent } from "../http2-client/content.ts";
import { type RawHeaders, valueIn } from "../http2-client/raw-headers.ts";
import type { ClientStream } from "../http2-client/stream.ts";
import { attemptOutcome } from "./attempt-outcome.ts";
import type { FinishedAttempt } from "./call-steps.ts";
import type { Session } from "./connections/session.ts";
import { parsePushback } from "./retry.ts";
import {
  type CallResult,
  errorOf,
  pushbackName,
  receiveBytesMax,
  responseCompressed,
  responseIncomplete,
  statusName,
  unreachable,
} from "./status.ts";

type Listener = {
  headers(raw: RawHeaders): void;
  /** The next message waits for the promise, if there is one. */
  message(bytes: Buffer): Promise<void> | undefined;
  /** Called exactly once, after all messages. */
  finished(attempt: FinishedAttempt<CallResult>): void;
};

/** Makes one attempt of a streaming call, and reads its responses to the end; undefined if the connection takes no call. */
export function openAttempt(
  session: Session | undefined,
  headers: OutgoingHttpHeaders,
  peer: string,
  listener: Listener,
): ClientStream | undefined {
  const content = createContent();
  let status: RawHeaders | undefined;
  let closedCode: number = constants.NGHTTP2_NO_ERROR;
  const stream = session?.http2.open(headers, {
    headers(raw) {
      // The headers of a trailers-only response are its trailers.
      if (valueIn(raw, statusName) === undefined) listener.headers(raw);
      else status = raw;
    },
    data: content.add,
    trailers(raw) {
      status = raw;
    },
    closed(code) {
      closedCode = code;
      content.end();
    },
  });
  const read = async ({ credit }: ClientStream) => {
    const broken = await readMessages(content.read(credit), listener);
    const error = broken instanceof ConnectError ? broken : errorAtEnd(status, peer, broken === "incomplete");
    listener.finished({
      outcome: attemptOutcome(closedCode, status),
      pushbackMs: status && parsePushback(valueIn(status, pushbackName)),
      result: { error, trailers: status ?? [] },
    });
  };
  if (stream) void read(stream);
  return stream;
}

/** Forwards each message. Returns the error of invalid content; undefined if it consists of complete messages. */
async function readMessages(
  content: AsyncIterable<Buffer>,
  listener: Pick<Listener, "message">,
): Promise<ConnectError | "incomplete" | undefined> {
  try {
    for await (const { flags, bytes } of unwrapEach(content, receiveBytesMax)) {
      if (flags !== 0) return responseCompressed();
      const taken = listener.message(bytes);
      if (taken) await taken;
    }
    return undefined;
  } catch (error) {
    const failed = ConnectError.from(error, Code.Internal);
    // `unwrapEach` reports truncated content as an invalid argument, because it usually reads requests.
    return failed.code === Code.InvalidArgument ? "incomplete" : failed;
  }
}

/** The error of a call whose content was read to its end. */
function errorAtEnd(
  status: RawHeaders | undefined,
  peer: string,
  isIncomplete: boolean,
): ConnectError | undefined {
  if (!status) return unreachable(peer);
  return errorOf(status, peer) ?? (isIncomplete ? responseIncomplete() : undefined);
}
