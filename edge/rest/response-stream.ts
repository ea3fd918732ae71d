import type { Writable } from "node:stream";
import type { Message } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { HttpBody } from "../../gen/google/api/httpbody_pb.ts";
import { HttpFileSchema } from "../../gen/sluice/common/v1/options_pb.ts";
import type { Headers } from "../http.ts";
import type { OpenBytes, SharedFolder } from "../shared-folder.ts";
import type { Acceptance } from "./encoding/acceptance.ts";
import { codedBody, varyByEncoding } from "./encoding/coded-answer.ts";
import { breakOff, flushHead, jsonType, type Outgoing, sendHead, sendPiece } from "./outgoing.ts";
import { bodyOf, cacheControl, extensionOf, headOf, toJsonText } from "./response.ts";
import type { Route } from "./route.ts";
import { toErrorAnswer } from "./status.ts";

/** How a stream of JSON texts is written. */
type Framing = {
  readonly contentType: string;
  readonly open: string;
  frame(json: string, index: number): string;
  /** An error after the start: it stays visible in the stream. */
  error(json: string, index: number): string;
  readonly close: string;
};

/** How long a browser waits before it connects again, in milliseconds. */
const retryMs = 3000;

const array: Framing = {
  contentType: jsonType,
  open: "[",
  frame: (json, index) => (index === 0 ? json : `,\n${json}`),
  error: (json, index) => (index === 0 ? json : `,\n${json}`),
  close: "]\n",
};
const ndjson: Framing = {
  contentType: "application/x-ndjson",
  open: "",
  frame: (json) => `${json}\n`,
  error: (json) => `${json}\n`,
  close: "",
};
const events: Framing = {
  contentType: "text/event-stream",
  open: `retry: ${retryMs}\n\n`,
  frame: (json, index) => `id: ${index}\ndata: ${json}\n\n`,
  error: (json) => `event: error\ndata: ${json}\n\n`,
  close: "",
};

type Options = { sharedFolder: SharedFolder | undefined; toError: (error: unknown) => ConnectError };
const framings = [array, ndjson, events];

/** The media types of a stream of JSON texts, the usual one first. */
export const framingTypes: readonly string[] = framings.map(({ contentType }) => contentType);

/** Writes a server stream as the caller accepts it. Errors before the first byte are thrown. */
export async function sendStream(
  out: Outgoing,
  route: Route,
  messages: AsyncIterable<Message>,
  options: Options & { type: string | undefined; acceptance: Acceptance },
): Promise<void> {
  if (route.answer.rawBody) await sendBytes(out, route, messages, options);
  else await sendJson(out, route, messages, { ...options, framing: framingOf(options.type) });
}

const framingOf = (type: string | undefined): Framing =>
  framings.find(({ contentType }) => contentType === type) ?? array;

async function sendJson(
  out: Outgoing,
  { answer, method }: Route,
  messages: AsyncIterable<Message>,
  options: { framing: Framing; acceptance: Acceptance; toError: (error: unknown) => ConnectError },
): Promise<void> {
  const { framing, acceptance, toError } = options;
  const noStore = framing === events ? { "cache-control": "no-store" } : {};
  sendHead(out, answer.status, {
    "content-type": framing.contentType,
    ...noStore,
    ...cacheControl(answer),
    ...varyByEncoding,
    ...(acceptance.compression && { "content-encoding": acceptance.compression.name }),
  });
  if (out.headOnly) {
    out.response.end();
    return;
  }
  const body = codedBody(out, acceptance);
  let index = 0;
  try {
    // The caller learns that the stream has begun, however long the first message takes.
    flushHead(out);
    if (framing.open) await sendPiece(out, framing.open, body);
    for await (const message of messages) {
      await sendPiece(out, framing.frame(toJsonText(answer, method.output, message), index), body);
      index += 1;
    }
  } catch (error) {
    if (out.signalOf().aborted) return;
    await sendPiece(out, framing.error(JSON.stringify(toErrorAnswer(toError(error)).body), index), body);
  }
  body.end(framing.close);
}

async function sendBytes(
  out: Outgoing,
  route: Route,
  messages: AsyncIterable<Message>,
  { sharedFolder, toError, acceptance }: Options & { acceptance: Acceptance },
): Promise<void> {
  const { answer, method } = route;
  let target: Writable | undefined;
  try {
    for await (const message of messages) {
      const body = bodyOf(answer, method.output, message);
      await using bytes = await openBytes(body, sharedFolder);
      target ??= beginBytes(out, headOf(answer, body), route.formats ? acceptance : undefined);
      if (out.headOnly) break;
      for await (const piece of bytes.read()) await sendPiece(out, piece, target);
    }
  } catch (error) {
    if (!target) throw toError(error);
    // Its caller sees only that the answer breaks off; the log learns why.
    if (!out.signalOf().aborted) toError(error);
    breakOff(out);
    return;
  }
  if (!target) sendHead(out, answer.status, cacheControl(answer));
  if (target) target.end();
  else out.response.end();
}

/** Sends the head; answers where the bytes go. What is made for the call and is text leaves in a coding that the caller takes. */
function beginBytes(
  out: Outgoing,
  { status, headers }: { status: number; headers: Headers },
  acceptance: Acceptance | undefined,
): Writable {
  if (!acceptance || !isText(headers)) {
    sendHead(out, status, headers);
    return out.response as unknown as Writable;
  }
  const { compression } = acceptance;
  const { "content-length": length = "", ...others } = headers;
  sendHead(out, status, {
    ...others,
    ...varyByEncoding,
    ...(compression ? { "content-encoding": compression.name } : { "content-length": length }),
  });
  return codedBody(out, acceptance);
}

/** Parquet and Arrow are compressed, or are read where they lie. */
const isText = ({ "content-type": type }: Headers): boolean => /^text\/|[/+-](nd)?json\b/.test(String(type));

/** The bytes of a body, which lie in the message, or in a file that it names. */
async function openBytes(body: HttpBody, sharedFolder: SharedFolder | undefined): Promise<OpenBytes> {
  const file = extensionOf(body, HttpFileSchema);
  if (file && sharedFolder) return sharedFolder.open(file);
  return {
    async *read() {
      if (body.data.byteLength > 0) yield body.data;
    },
    async [Symbol.asyncDispose]() {},
  };
}
