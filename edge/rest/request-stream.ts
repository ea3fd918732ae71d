import type { Message } from "@bufbuild/protobuf";
import { headerOf, mediaTypeOf } from "../http.ts";
import { type Incoming, readPieces } from "./body.ts";
import { lineTooLarge, mediaTypeUnsupported } from "./http-error.ts";
import type { Parameters } from "./parameters.ts";
import { coalesce } from "./pieces.ts";
import { bindBody, decodeRaw } from "./request.ts";
import type { Route } from "./route.ts";
import { uploadMessages } from "./upload.ts";

/** Largest line of an NDJSON body, in bytes. */
const lineBytesMax = 4 * 1024 * 1024;
const newline = 0x0a;

/** The messages of a client stream: an upload, bytes as google.api.HttpBody, or one JSON text a line. */
export function requestMessages(
  route: Route,
  parameters: Parameters,
  incoming: Incoming,
): AsyncGenerator<Message> {
  if (route.upload) return uploadMessages(route.upload, parameters, incoming);
  if (route.rawBody) return rawMessages(route, parameters, incoming);
  const type = mediaTypeOf(incoming.request);
  if (type !== undefined && type !== "application/x-ndjson" && type !== "application/json") {
    throw mediaTypeUnsupported("application/x-ndjson");
  }
  return lineMessages(route, parameters, incoming);
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
  incoming: Incoming,
): AsyncGenerator<Message> {
  for await (const bytes of lines(readPieces(incoming))) {
    if (bytes.every(isSpace)) continue;
    yield bindBody(route, parameters, { bytes, contentType: "application/json" });
  }
}

async function* lines(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    held = Buffer.concat([held, piece]);
    for (let end = held.indexOf(newline); end >= 0; end = held.indexOf(newline)) {
      yield held.subarray(0, end);
      held = held.subarray(end + 1);
    }
    if (held.byteLength > lineBytesMax) throw lineTooLarge(lineBytesMax);
  }
  yield held;
}

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0d || byte === 0x09;
