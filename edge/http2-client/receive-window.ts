import type { ConnectionState } from "./connection-state.ts";
import { frameTypes, numberFrame } from "./frames.ts";
import type { StreamState } from "./stream.ts";

/** Initial receive window of a stream, in bytes. It is HTTP/2's default. */
export const firstWindowBytes = 65_535;

/** Largest receive window of a stream whose reader keeps up, in bytes. It reduces round trips of large responses. */
const windowBytesMax = 4 * 1024 * 1024;

/** Limit of what all windows grow by together, in bytes. It bounds the memory of readers that no longer keep up. */
const grownBytesMax = 64 * 1024 * 1024;

/** Receive window of the connection, in bytes. */
export const connectionWindowBytes = 32 * 1024 * 1024;

/** Returns flow-control credit for bytes that were consumed. */
export function credit(connection: ConnectionState, stream: StreamState, bytes: number): void {
  stream.heldBytes = Math.max(0, stream.heldBytes - bytes);
  if (stream.isClosed) {
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

/** A closed stream takes only the memory of the bytes that were not consumed. */
export function shrinkWindow(connection: ConnectionState, stream: StreamState): void {
  growTo(connection, stream, Math.max(0, stream.heldBytes - firstWindowBytes));
}

/** The connection's window is credited on receipt: unread content of one stream must not block the others. */
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
