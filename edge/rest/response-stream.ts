import type { Writable } from "node:stream";
import type { Message } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { HttpBody } from "../../gen/google/api/httpbody_pb.ts";
import { type HttpFile, HttpFileSchema } from "../../gen/sluice/common/v1/options_pb.ts";
import { toErrorAnswer } from "../errors/status.ts";
import type { Acceptance } from "../http/encoding/acceptance.ts";
import { codedBody, varyByEncoding } from "../http/encoding/coded-answer.ts";
import type { Headers } from "../http/http.ts";
import { breakOff, flushHead, jsonType, type Outgoing, sendHead, sendPiece } from "../http/outgoing.ts";
import type { Route } from "../method/route.ts";
import { bodyOf, cacheControl, extensionOf, headOf, toJsonText } from "./response.ts";

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

/** Answers from a file that the service names instead of its bytes, with the headers of the whole. */
export type HandOver = (file: HttpFile, headers: Readonly<Record<string, string>>) => Promise<void>;

type Options = { handOver: HandOver; toError: (error: unknown) => ConnectError };
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
  options: Options & { acceptance: Acceptance },
): Promise<void> {
  try {
    await copyBytes(out, route, messages, options);
  } catch (error) {
    if (!out.response.headersSent) throw options.toError(error);
    // Its caller sees only that the answer breaks off; the log learns why.
    if (!out.signalOf().aborted) options.toError(error);
    breakOff(out);
  }
}

async function copyBytes(
  out: Outgoing,
  { answer, method, formats }: Route,
  messages: AsyncIterable<Message>,
  { handOver, acceptance }: Options & { acceptance: Acceptance },
): Promise<void> {
  const bodies = bodiesOf(answer, method, messages);
  const first = await bodies.next();
  if (first.done) {
    sendHead(out, answer.status, cacheControl(answer));
    out.response.end();
    return;
  }
  const { status, headers, orgId } = headOf(answer, first.value);
  if (orgId) out.readsOf()?.countFor(orgId);
  const file = extensionOf(first.value, HttpFileSchema);
  if (file) return await handOver(file, asTexts(headers));
  const target = beginBytes(out, { status, headers }, formats ? acceptance : undefined);
  if (!out.headOnly) {
    await sendBody(out, first.value, target);
    for await (const body of bodies) await sendBody(out, body, target);
  }
  await bodies.return();
  target.end();
}

async function* bodiesOf(
  answer: Route["answer"],
  { output }: Route["method"],
  messages: AsyncIterable<Message>,
): AsyncGenerator<HttpBody, void, undefined> {
  for await (const message of messages) yield bodyOf(answer, output, message);
}

async function sendBody(out: Outgoing, { data }: HttpBody, target: Writable): Promise<void> {
  if (data.byteLength > 0) await sendPiece(out, data, target);
}

const asTexts = (headers: Headers): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
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
