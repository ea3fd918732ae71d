import { constants, type OutgoingHttpHeaders } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { unwrapEach } from "../codec/envelope.ts";
import { createContent } from "../http2-client/content.ts";
import { type RawHeaders, valueIn } from "../http2-client/raw-headers.ts";
import type { ClientStream } from "../http2-client/stream.ts";
import { type Ending, endingOf, receiveBytesMax } from "./attempt.ts";
import type { Session } from "./session.ts";
import { answerCompressed, answerIncomplete, errorOf, statusName, unreachable } from "./status.ts";

/** How a stream of an upstream ended. */
export type Received = {
  readonly ending: Ending;
  readonly error: ConnectError | undefined;
  readonly trailers: RawHeaders;
};

type Listener = {
  begun(headers: RawHeaders): void;
  /** The next message waits for the promise, if there is one. */
  message(bytes: Buffer): Promise<void> | undefined;
  /** Comes last, once. All messages that came are told before, whatever the end is. */
  ended(received: Received): void;
};

/** Opens a stream and reads it to its end; undefined if the connection takes none. */
export function openReceived(
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
      // A call that fails at once has its status in the headers.
      if (valueIn(raw, statusName) === undefined) listener.begun(raw);
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
    const error = broken instanceof ConnectError ? broken : endOf(status, peer, broken === "incomplete");
    listener.ended({ ending: endingOf(closedCode, status), error, trailers: status ?? [] });
  };
  if (stream) void read(stream);
  return stream;
}

/** Answers what is wrong with the content; nothing if it is whole messages. */
async function readMessages(
  content: AsyncIterable<Buffer>,
  listener: Pick<Listener, "message">,
): Promise<ConnectError | "incomplete" | undefined> {
  try {
    for await (const { flags, bytes } of unwrapEach(content, receiveBytesMax)) {
      if (flags !== 0) return answerCompressed();
      const taken = listener.message(bytes);
      if (taken) await taken;
    }
    return undefined;
  } catch (error) {
    const failed = ConnectError.from(error, Code.Internal);
    // Content that ends too early is usually a caller's, and told as an argument's fault.
    return failed.code === Code.InvalidArgument ? "incomplete" : failed;
  }
}

/** What a call failed with whose content was read to its end. */
function endOf(
  status: RawHeaders | undefined,
  peer: string,
  isIncomplete: boolean,
): ConnectError | undefined {
  if (!status) return unreachable(peer);
  return errorOf(status, peer) ?? (isIncomplete ? answerIncomplete() : undefined);
}
