import type { Message } from "@bufbuild/protobuf";
import { lineTooLarge, mediaTypeUnsupported } from "../errors/http-error.ts";
import { boundCount } from "../http/bounded-stream.ts";
import { boundsOf } from "../http/bounds.ts";
import { createGatherer } from "../http/gather.ts";
import { headerOf, mediaTypeOf } from "../http/http.ts";
import { coalesce } from "./pieces.ts";
import { bindBody, decodeRaw } from "./request.ts";
import type { RestCall } from "./rest-call.ts";
import { uploadMessages } from "./upload.ts";

const newline = 0x0a;

/** The messages of a client stream: an upload, chunks of google.api.HttpBody, or one JSON text per line. */
export function requestMessages(call: RestCall): AsyncGenerator<Message> {
  return boundCount(messagesOf(call), boundsOf(call.route.method).streamMessagesMax);
}

function messagesOf(call: RestCall): AsyncGenerator<Message> {
  const { route, parameters, body } = call;
  if (route.upload) return uploadMessages(route.upload, parameters, body);
  if (route.rawBody) return rawMessages(call);
  const type = mediaTypeOf(body.request);
  if (type !== undefined && type !== "application/x-ndjson" && type !== "application/json") {
    throw mediaTypeUnsupported("application/x-ndjson");
  }
  return lineMessages(call);
}

/** The first message has the fields of the head, and is sent for an empty body, too. */
async function* rawMessages({ route, parameters, body }: RestCall): AsyncGenerator<Message> {
  const contentType = headerOf(body.request, "content-type");
  let first = true;
  for await (const bytes of coalesce(body.chunks())) {
    yield first
      ? bindBody(route, parameters, { bytes, contentType })
      : decodeRaw(route, { bytes, contentType: undefined });
    first = false;
  }
  if (first) yield bindBody(route, parameters, { bytes: Buffer.alloc(0), contentType });
}

async function* lineMessages(call: RestCall): AsyncGenerator<Message> {
  for await (const bytes of lines(call)) {
    if (bytes.every(isSpace)) continue;
    yield bindBody(call.route, call.parameters, { bytes, contentType: "application/json" });
  }
}

/** The lines of a body. One over the limit is refused before it has ended. */
async function* lines({ body, messageBytesMax }: RestCall): AsyncGenerator<Buffer> {
  const place = { between: true };
  const held = createGatherer();
  const add = (bytes: Buffer) => {
    held.add(bytes);
    if (held.byteLength > messageBytesMax) throw lineTooLarge(messageBytesMax);
  };
  for await (const piece of body.chunks(place)) {
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
