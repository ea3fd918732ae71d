import type { Message } from "@bufbuild/protobuf";
import type { Parameters } from "../codec/parameters.ts";
import { lineTooLarge, mediaTypeUnsupported } from "../errors/http-error.ts";
import { type Incoming, readPieces } from "../http/body.ts";
import { boundCount } from "../http/bounded-stream.ts";
import { boundsOf } from "../http/bounds.ts";
import { createGatherer } from "../http/gather.ts";
import { headerOf, mediaTypeOf } from "../http/http.ts";
import type { Route } from "../method/route.ts";
import { coalesce } from "./pieces.ts";
import { bindBody, decodeRaw } from "./request.ts";
import { uploadMessages } from "./upload.ts";

const newline = 0x0a;

/** The messages of a client stream: an upload, bytes as google.api.HttpBody, or one JSON text a line. */
export function requestMessages(
  route: Route,
  parameters: Parameters,
  incoming: Incoming,
  messageBytesMax: number,
): AsyncGenerator<Message> {
  const messages = messagesOf(route, parameters, incoming, messageBytesMax);
  return boundCount(messages, boundsOf(route.method).streamMessagesMax);
}

function messagesOf(
  route: Route,
  parameters: Parameters,
  incoming: Incoming,
  messageBytesMax: number,
): AsyncGenerator<Message> {
  if (route.upload) return uploadMessages(route.upload, parameters, incoming);
  if (route.rawBody) return rawMessages(route, parameters, incoming);
  const type = mediaTypeOf(incoming.request);
  if (type !== undefined && type !== "application/x-ndjson" && type !== "application/json") {
    throw mediaTypeUnsupported("application/x-ndjson");
  }
  return lineMessages(route, parameters, lines(incoming, messageBytesMax));
}

/** The first message has all that is not bytes, and comes even where there are none. */
async function* rawMessages(
  route: Route,
  parameters: Parameters,
  incoming: Incoming,
): AsyncGenerator<Message> {
  const contentType = headerOf(incoming.request, "content-type");
  let first = true;
  for await (const bytes of coalesce(readPieces(incoming))) {
    yield first
      ? bindBody(route, parameters, { bytes, contentType })
      : decodeRaw(route, { bytes, contentType: undefined });
    first = false;
  }
  if (first) yield bindBody(route, parameters, { bytes: Buffer.alloc(0), contentType });
}

async function* lineMessages(
  route: Route,
  parameters: Parameters,
  texts: AsyncIterable<Buffer>,
): AsyncGenerator<Message> {
  for await (const bytes of texts) {
    if (bytes.every(isSpace)) continue;
    yield bindBody(route, parameters, { bytes, contentType: "application/json" });
  }
}

/** The lines of a body. One over the limit is refused before it has ended. */
async function* lines(incoming: Incoming, lineBytesMax: number): AsyncGenerator<Buffer> {
  const place = { between: true };
  const held = createGatherer();
  const add = (bytes: Buffer) => {
    held.add(bytes);
    if (held.byteLength > lineBytesMax) throw lineTooLarge(lineBytesMax);
  };
  for await (const piece of readPieces(incoming, place)) {
    let rest: Buffer = piece;
    for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
      add(rest.subarray(0, end));
      yield held.take();
      rest = rest.subarray(end + 1);
    }
    add(rest);
    place.between = held.byteLength === 0;
  }
  yield held.take();
}

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0d || byte === 0x09;
