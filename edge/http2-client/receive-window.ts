import type { ConnectionState } from "./connection-state.ts";
import { frameTypes, numberFrame } from "./frames.ts";
import type { StreamState } from "./stream.ts";

/** What a stream may send at first before it is read, in bytes: what HTTP/2 begins with. */
export const firstWindowBytes = 65_535;

/** What a stream may send before it is read whose reader keeps up: a large answer waits the less. */
const windowBytesMax = 4 * 1024 * 1024;

/** What windows may have grown by together. It is what readers that no longer keep up can have in memory. */
const grownBytesMax = 64 * 1024 * 1024;

/** What all streams of a connection may send together before this end has seen it. */
export const connectionWindowBytes = 32 * 1024 * 1024;

/** Says that so many bytes of a stream are done with. */
export function credit(connection: ConnectionState, stream: StreamState, bytes: number): void {
  stream.heldBytes = Math.max(0, stream.heldBytes - bytes);
  if (stream.isOver) {
    shrinkWindow(connection, stream);
    return;
  }
  if (owedTo(stream) < stream.windowBytes / 2) return;
  const grownBytes = Math.min(windowBytesMax, 2 * stream.windowBytes) - firstWindowBytes;
  const room = grownBytesMax - connection.grownBytes + grownBytesOf(stream);
  if (grownBytes <= room) growTo(connection, stream, grownBytes);
  const owedBytes = owedTo(stream);
  stream.receiveWindowBytes += owedBytes;
  connection.writer.send(numberFrame(frameTypes.windowUpdate, stream.id, owedBytes));
}

/** Of a stream that is over, only what is held takes memory. */
export function shrinkWindow(connection: ConnectionState, stream: StreamState): void {
  growTo(connection, stream, Math.max(0, stream.heldBytes - firstWindowBytes));
}

/** What came is not held against a connection's other streams: it is their own windows that bound them. */
export function creditConnection(connection: ConnectionState): void {
  const owedBytes = connectionWindowBytes - connection.receiveWindowBytes;
  if (owedBytes < connectionWindowBytes / 2) return;
  connection.receiveWindowBytes += owedBytes;
  connection.writer.send(numberFrame(frameTypes.windowUpdate, 0, owedBytes));
}

const owedTo = ({ windowBytes, receiveWindowBytes, heldBytes }: StreamState): number =>
  windowBytes - receiveWindowBytes - heldBytes;

const grownBytesOf = ({ windowBytes }: StreamState): number => windowBytes - firstWindowBytes;

function growTo(connection: ConnectionState, stream: StreamState, grownBytes: number): void {
  connection.grownBytes += grownBytes - grownBytesOf(stream);
  stream.windowBytes = firstWindowBytes + grownBytes;
}
