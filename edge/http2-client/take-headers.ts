import { constants } from "node:http2";
import type { ConnectionState, HeaderBlock } from "./connection-state.ts";
import { complete, reset } from "./end-stream.ts";
import { type Frame, flags, frameHeadBytes } from "./frames.ts";
import { Http2Error, protocolError } from "./http2-error.ts";
import type { RawHeaders } from "./raw-headers.ts";
import { streamOf } from "./stream-of.ts";
import { withoutPadding } from "./without-padding.ts";

/** What a header block may take as it is sent, in bytes, with the heads of its frames. */
const blockBytesMax = 128 * 1024;

/** What a stream depends on and its weight, which nobody heeds any more. */
const priorityBytes = 5;

export function takeHeaders(connection: ConnectionState, frame: Frame): void {
  const content = withoutPadding(frame);
  const skippedBytes = frame.flags & flags.priority ? priorityBytes : 0;
  if (content.byteLength < skippedBytes) throw protocolError("headers end too early");
  const endsStream = (frame.flags & flags.endStream) !== 0;
  const block = { streamId: frame.streamId, endsStream, pieces: [], bytes: 0 };
  addPiece(connection, block, frame, content.subarray(skippedBytes));
}

export function takeContinuation(connection: ConnectionState, frame: Frame): void {
  const { block } = connection;
  if (!block) throw protocolError("a header block goes on that did not begin");
  addPiece(connection, block, frame, frame.payload);
}

function addPiece(connection: ConnectionState, block: HeaderBlock, frame: Frame, piece: Buffer): void {
  block.pieces.push(piece);
  block.bytes += frameHeadBytes + piece.byteLength;
  if (block.bytes > blockBytesMax)
    throw new Http2Error(constants.NGHTTP2_ENHANCE_YOUR_CALM, "a header block is too large");
  const isWhole = (frame.flags & flags.endHeaders) !== 0;
  connection.block = isWhole ? undefined : block;
  if (isWhole) completeBlock(connection, block);
}

function completeBlock(connection: ConnectionState, { streamId, endsStream, pieces }: HeaderBlock): void {
  const [first] = pieces;
  // Also of a stream that is over: what it says of the table holds for all.
  const list = connection.decoder.decode(pieces.length === 1 && first ? first : Buffer.concat(pieces));
  const stream = streamOf(connection, streamId);
  if (!stream) return;
  const { hasHeaders, listener } = stream;
  if (list === "too large") reset(connection, stream, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  else if (list === "malformed" || !(hasHeaders ? endsStream && areTrailers(list) : areHeaders(list)))
    reset(connection, stream, constants.NGHTTP2_PROTOCOL_ERROR);
  else if (hasHeaders) listener.trailers(list);
  // What comes before the answer itself is nothing to anybody.
  else if (!list[1]?.startsWith("1")) {
    stream.hasHeaders = true;
    listener.headers(list);
  }
  if (endsStream) complete(connection, stream);
}

const areHeaders = (list: RawHeaders): boolean => list[0] === ":status" && areTrailers(list, 2);

/** Whether no name from a place on is one of HTTP/2's own, or of HTTP/1's connections. */
function areTrailers(list: RawHeaders, from = 0): boolean {
  for (let at = from; at < list.length; at += 2) {
    const name = list[at] ?? "";
    if (name.charCodeAt(0) === colon || ofConnections.has(name)) return false;
  }
  return true;
}

/** Source: RFC 9113, section 8.2.2. */
const ofConnections = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

const colon = ":".charCodeAt(0);
