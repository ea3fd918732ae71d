import { create, type Message } from "@bufbuild/protobuf";
import { HttpBodySchema } from "../../gen/google/api/httpbody_pb.ts";
import { headerOf, mediaTypeOf } from "../http.ts";
import { type Incoming, readPieces } from "./body.ts";
import { bodyTooLarge, mediaTypeUnsupported } from "./http-error.ts";
import type { Parameters } from "./parameters.ts";
import { coalesce } from "./pieces.ts";
import { bindBody } from "./request.ts";
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
  if (route.method.input.typeName === HttpBodySchema.typeName) return rawMessages(incoming);
  const type = mediaTypeOf(incoming.request);
  if (type !== undefined && type !== "application/x-ndjson" && type !== "application/json") {
    throw mediaTypeUnsupported("application/x-ndjson");
  }
  return lineMessages(route, parameters, incoming);
}

async function* rawMessages(incoming: Incoming): AsyncGenerator<Message> {
  const contentType = headerOf(incoming.request, "content-type") ?? "";
  let first = true;
  for await (const data of coalesce(readPieces(incoming))) {
    yield create(HttpBodySchema, first ? { contentType, data } : { data });
    first = false;
  }
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
    if (held.byteLength > lineBytesMax) throw bodyTooLarge(lineBytesMax);
  }
  yield held;
}

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0d || byte === 0x09;
