import { Code, ConnectError } from "@connectrpc/connect";
import { invalidField } from "../../services/lib/rpc/errors.ts";
import {
  compressedFlag,
  type Envelope,
  envelopeHeadBytes,
  unwrapEach,
  unwrapOnly,
} from "../codec/envelope.ts";
import { boundBytes, boundCount } from "../http/bounded-stream.ts";
import { boundsOf } from "../http/bounds.ts";
import { type Compression, compressionOf } from "../http/compression.ts";
import { type HttpRequest, headerOf } from "../http/http.ts";
import { type Incoming, readChunks } from "../http/read-chunks.ts";
import type { Plan } from "../method/plan.ts";
import { checkConnectVersion } from "./connect-get.ts";
import type { Wire } from "./wire.ts";

/** How to come from a request's body to its messages in protobuf. */
export type Reading = {
  readonly plan: Plan;
  readonly wire: Wire;
  readonly compression: Compression | undefined;
  readonly bytesMax: number;
};

/** Reads the headers that say how a body is to be read. */
export function readingOf(request: HttpRequest, plan: Plan, wire: Wire, bytesMax: number): Reading {
  if (wire.protocol === "connect") checkConnectVersion(headerOf(request, "connect-protocol-version"));
  return { plan, wire, compression: compressionOf(headerOf(request, encodingHeader(wire))), bytesMax };
}

function encodingHeader({ protocol, enveloped }: Wire): string {
  if (protocol !== "connect") return "grpc-encoding";
  return enveloped ? "connect-content-encoding" : "content-encoding";
}

/** The most bytes that a body of one message may have. */
export const bodyBytesMax = ({ wire, bytesMax }: Reading): number =>
  wire.enveloped ? bytesMax + envelopeHeadBytes : bytesMax;

/** The only message of a body. */
export async function onlyMessage(reading: Reading, body: Buffer): Promise<Buffer> {
  if (reading.wire.enveloped) return opened(reading, unwrapOnly(body, reading.bytesMax));
  return toProto(reading, reading.compression ? await inflated(reading, body) : body);
}

/** The messages of a stream, one after the other. */
export function eachMessage(reading: Reading, incoming: Incoming): AsyncGenerator<Buffer> {
  const { streamBytesMax, streamMessagesMax } = boundsOf(reading.plan.method);
  return boundBytes(boundCount(openedMessages(reading, incoming), streamMessagesMax), streamBytesMax);
}

async function* openedMessages(reading: Reading, incoming: Incoming): AsyncGenerator<Buffer> {
  const place = { between: true };
  const pieces = readChunks({ ...incoming, betweenMs: Number.POSITIVE_INFINITY }, place);
  for await (const envelope of unwrapEach(pieces, reading.bytesMax, place)) yield opened(reading, envelope);
}

async function opened(reading: Reading, { flags, bytes }: Envelope): Promise<Buffer> {
  if (flags === 0) return toProto(reading, bytes);
  if (flags !== compressedFlag) {
    throw invalidField("body", `has an envelope with flags that are unknown: ${flags}`);
  }
  return toProto(reading, await inflated(reading, bytes));
}

async function inflated({ compression, bytesMax }: Reading, bytes: Buffer): Promise<Buffer> {
  if (!compression)
    throw new ConnectError("a message is compressed, but no compression is named", Code.Internal);
  return compression.decompress(bytes, bytesMax);
}

const toProto = ({ wire, plan }: Reading, bytes: Buffer): Buffer =>
  wire.codec === "json" ? plan.encodeRequest(bytes) : bytes;
