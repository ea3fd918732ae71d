import { constants } from "node:http2";
import { completeStream, resetStream } from "./close-stream.ts";
import type { ConnectionState, HeaderBlock } from "./connection-state.ts";
import { findStream } from "./find-stream.ts";
import { type Frame, flags, frameHeadBytes } from "./frames.ts";
import { Http2Error, protocolError } from "./http2-error.ts";
import type { RawHeaders } from "./raw-headers.ts";
import { removePadding } from "./remove-padding.ts";

/** Largest encoded header block, in bytes, with the heads of its frames. */
const blockBytesMax = 128 * 1024;

/** Stream dependency and weight, which RFC 9113 deprecates. */
const priorityBytes = 5;

export function receiveHeaders(connection: ConnectionState, frame: Frame): void {
  const content = removePadding(frame);
  const skippedBytes = frame.flags & flags.priority ? priorityBytes : 0;
  if (content.byteLength < skippedBytes) throw protocolError("headers end too early");
  const endsStream = (frame.flags & flags.endStream) !== 0;
  const block = { streamId: frame.streamId, endsStream, chunks: [], bytes: 0 };
  addFragment(connection, block, frame, content.subarray(skippedBytes));
}

export function receiveContinuation(connection: ConnectionState, frame: Frame): void {
  const { block } = connection;
  if (!block) throw protocolError("a header block goes on that did not begin");
  addFragment(connection, block, frame, frame.payload);
}

function addFragment(connection: ConnectionState, block: HeaderBlock, frame: Frame, chunk: Buffer): void {
  block.chunks.push(chunk);
  block.bytes += frameHeadBytes + chunk.byteLength;
  if (block.bytes > blockBytesMax)
    throw new Http2Error(constants.NGHTTP2_ENHANCE_YOUR_CALM, "a header block is too large");
  const isWhole = (frame.flags & flags.endHeaders) !== 0;
  connection.block = isWhole ? undefined : block;
  if (isWhole) completeBlock(connection, block);
}

function completeBlock(connection: ConnectionState, { streamId, endsStream, chunks }: HeaderBlock): void {
  const [first] = chunks;
  // Decoded for closed streams, too: each block changes the dynamic table of the connection.
  const list = connection.decoder.decode(chunks.length === 1 && first ? first : Buffer.concat(chunks));
  const stream = findStream(connection, streamId);
  if (!stream) return;
  const { hasHeaders, listener } = stream;
  if (list === "too large") resetStream(connection, stream, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  else if (list === "malformed" || !(hasHeaders ? endsStream && areTrailers(list) : areHeaders(list)))
    resetStream(connection, stream, constants.NGHTTP2_PROTOCOL_ERROR);
  else if (hasHeaders) listener.trailers(list);
  // Informational responses are ignored.
  else if (!list[1]?.startsWith("1")) {
    stream.hasHeaders = true;
    listener.headers(list);
  }
  if (endsStream) completeStream(connection, stream);
}

const areHeaders = (list: RawHeaders): boolean => list[0] === ":status" && areTrailers(list, 2);

/** Whether there are no pseudo-headers and no connection-specific headers from an index on. */
function areTrailers(list: RawHeaders, from = 0): boolean {
  for (let at = from; at < list.length; at += 2) {
    const name = list[at] ?? "";
    if (name.charCodeAt(0) === colon || connectionHeaders.has(name)) return false;
  }
  return true;
}

/** Source: RFC 9113, section 8.2.2. */
const connectionHeaders = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

const colon = ":".charCodeAt(0);
