import { Code, ConnectError } from "@connectrpc/connect";
import { invalidField } from "../../services/lib/rpc/errors.ts";
import {
  compressedFlag,
  type Envelope,
  envelopePrefixBytes,
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

/** How the messages of a request are encoded. */
export type RequestEncoding = {
  readonly plan: Plan;
  readonly wire: Wire;
  readonly compression: Compression | undefined;
  readonly bytesMax: number;
};

/** Derives the encoding from the request's headers. */
export function requestEncoding(
  request: HttpRequest,
  plan: Plan,
  wire: Wire,
  bytesMax: number,
): RequestEncoding {
  if (wire.protocol === "connect") checkConnectVersion(headerOf(request, "connect-protocol-version"));
  return { plan, wire, compression: compressionOf(headerOf(request, encodingHeader(wire))), bytesMax };
}

function encodingHeader({ protocol, enveloped }: Wire): string {
  if (protocol !== "connect") return "grpc-encoding";
  return enveloped ? "connect-content-encoding" : "content-encoding";
}

/** Largest body of a request with one message, in bytes. */
export const bodyBytesMax = ({ wire, bytesMax }: RequestEncoding): number =>
  wire.enveloped ? bytesMax + envelopePrefixBytes : bytesMax;

/** The only message of a body, as protobuf. */
export async function onlyMessage(encoding: RequestEncoding, body: Buffer): Promise<Buffer> {
  if (encoding.wire.enveloped) return decodeEnvelope(encoding, unwrapOnly(body, encoding.bytesMax));
  return toProto(encoding, encoding.compression ? await decompressed(encoding, body) : body);
}

/** The messages of a body, as protobuf. */
export function eachMessage(encoding: RequestEncoding, incoming: Incoming): AsyncGenerator<Buffer> {
  const { streamBytesMax, streamMessagesMax } = boundsOf(encoding.plan.method);
  return boundBytes(boundCount(decodedMessages(encoding, incoming), streamMessagesMax), streamBytesMax);
}

async function* decodedMessages(encoding: RequestEncoding, incoming: Incoming): AsyncGenerator<Buffer> {
  const place = { between: true };
  const chunks = readChunks({ ...incoming, betweenMs: Number.POSITIVE_INFINITY }, place);
  for await (const envelope of unwrapEach(chunks, encoding.bytesMax, place))
    yield decodeEnvelope(encoding, envelope);
}

async function decodeEnvelope(encoding: RequestEncoding, { flags, bytes }: Envelope): Promise<Buffer> {
  if (flags === 0) return toProto(encoding, bytes);
  if (flags !== compressedFlag) {
    throw invalidField("body", `has an envelope with flags that are unknown: ${flags}`);
  }
  return toProto(encoding, await decompressed(encoding, bytes));
}

async function decompressed({ compression, bytesMax }: RequestEncoding, bytes: Buffer): Promise<Buffer> {
  if (!compression)
    throw new ConnectError("a message is compressed, but no compression is named", Code.Internal);
  return compression.decompress(bytes, bytesMax);
}

const toProto = ({ wire, plan }: RequestEncoding, bytes: Buffer): Buffer =>
  wire.codec === "json" ? plan.encodeRequest(bytes) : bytes;
