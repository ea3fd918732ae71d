import type { Writable } from "node:stream";
import type { Message } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { HttpBody } from "../../gen/google/api/httpbody_pb.ts";
import { type HttpFile, HttpFileSchema } from "../../gen/sluice/common/v1/options_pb.ts";
import { codedBody, varyByEncoding } from "../http/encoding/coded-response.ts";
import type { Headers } from "../http/http.ts";
import { requestedOf } from "../http/requested.ts";
import { breakOff, flushHead, jsonType, sendChunk, sendHead } from "../http/send.ts";
import { framingOf } from "./framing.ts";
import { bodyOf, cacheControl, extensionOf, headOf, statusOf, toJsonBody } from "./response.ts";
import type { RestCall } from "./rest-call.ts";

type Options = {
  /** Sends a file that the service names instead of its bytes, with the headers of the whole. */
  readonly handOver: (file: HttpFile, headers: Readonly<Record<string, string>>) => Promise<void>;
  /** The error that the caller is sent. */
  readonly toError: (error: unknown) => ConnectError;
};

/** Sends a stream of response messages as bytes or as JSON. Errors before the first byte are thrown. */
export async function sendStream(
  call: RestCall,
  messages: AsyncIterable<Message>,
  options: Options,
): Promise<void> {
  if (!call.route.response.rawBody) return sendJson(call, messages, options);
  const { exchange } = call;
  try {
    await sendBytes(call, messages, options);
  } catch (error) {
    if (!exchange.response.headersSent) throw options.toError(error);
    // The caller sees only that the response is incomplete; the log has the reason.
    if (!exchange.signal.aborted) options.toError(error);
    breakOff(exchange);
  }
}

async function sendJson(call: RestCall, messages: AsyncIterable<Message>, options: Options): Promise<void> {
  const { exchange, route, acceptance } = call;
  const { response } = route;
  const framing = framingOf(call.choice.type);
  sendHead(exchange, statusOf(call), {
    "content-type": framing.contentType,
    ...framing.headers,
    ...cacheControl(response),
    ...varyByEncoding,
    ...(acceptance.compression && { "content-encoding": acceptance.compression.name }),
  });
  if (exchange.headOnly) {
    exchange.response.end();
    return;
  }
  const body = codedBody(exchange, acceptance);
  let index = 0;
  try {
    // The caller learns that the stream has begun, however long the first message takes.
    flushHead(exchange);
    if (framing.open) await sendChunk(exchange, framing.open, body);
    for await (const message of messages) {
      const json = toJsonBody(call, message);
      await sendChunk(exchange, framing.frame(JSON.stringify(json), index), body);
      index += 1;
    }
  } catch (error) {
    if (exchange.signal.aborted) return;
    await sendChunk(exchange, framing.error(errorJson(call, options.toError(error)), index), body);
  }
  body.end(framing.close);
}

/** An error in the dialect of the path, as one JSON text: a body of another type becomes a string. */
function errorJson({ exchange }: RestCall, error: ConnectError): string {
  const { contentType, body } = exchange.dialect.encodeError(error, requestedOf(exchange));
  return contentType.startsWith(jsonType) ? body : JSON.stringify(body);
}

async function sendBytes(call: RestCall, messages: AsyncIterable<Message>, options: Options): Promise<void> {
  const { exchange, route } = call;
  const { response, method } = route;
  const bodies = bodiesOf(response, method, messages);
  const first = await bodies.next();
  if (first.done) {
    sendHead(exchange, statusOf(call), cacheControl(response));
    exchange.response.end();
    return;
  }
  const { status = statusOf(call), headers, orgId } = headOf(response, first.value);
  if (orgId) exchange.reads?.countFor(orgId);
  const file = extensionOf(first.value, HttpFileSchema);
  if (file) {
    // The call ends before: nothing else ends it while a slow reader receives the file, and its revocation would end it in vain.
    await bodies.next();
    return await options.handOver(file, asTexts(headers));
  }
  const target = beginBytes(call, status, headers);
  if (!exchange.headOnly) {
    await sendBody(call, first.value, target);
    for await (const body of bodies) await sendBody(call, body, target);
  }
  await bodies.return();
  target.end();
}

async function* bodiesOf(
  response: RestCall["route"]["response"],
  { output }: RestCall["route"]["method"],
  messages: AsyncIterable<Message>,
): AsyncGenerator<HttpBody, void, undefined> {
  for await (const message of messages) yield bodyOf(response, output, message);
}

async function sendBody({ exchange }: RestCall, { data }: HttpBody, target: Writable): Promise<void> {
  if (data.byteLength > 0) await sendChunk(exchange, data, target);
}

const asTexts = (headers: Headers): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));

/** Sends the head and returns the stream for the bytes. Text that is made for the call is compressed. */
function beginBytes({ exchange, route, acceptance }: RestCall, status: number, headers: Headers): Writable {
  if (!route.formats || !isText(headers)) {
    sendHead(exchange, status, headers);
    return exchange.response as unknown as Writable;
  }
  const { compression } = acceptance;
  const { "content-length": length, ...others } = headers;
  // A response that is written while it is read has no length.
  const ofLength = length === undefined ? {} : { "content-length": length };
  sendHead(exchange, status, {
    ...others,
    ...varyByEncoding,
    ...(compression ? { "content-encoding": compression.name } : ofLength),
  });
  return codedBody(exchange, acceptance);
}

/** Parquet and Arrow are compressed already, or are read in place. */
const isText = ({ "content-type": type }: Headers): boolean => /^text\/|[/+-](nd)?json\b/.test(String(type));
