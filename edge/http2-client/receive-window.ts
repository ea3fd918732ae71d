import type { ConnectionState } from "./connection-state.ts";
import { frameTypes, numberFrame } from "./frames.ts";
import type { StreamState } from "./stream.ts";

/** What a stream may send before it is read, in bytes: Node's 64 KiB make a large answer wait for each of them. */
export const streamWindowBytes = 4 * 1024 * 1024;

/** What all streams of a connection may send together. */
export const connectionWindowBytes = 32 * 1024 * 1024;

/** What streams that nobody reads may hold in memory before all of their connection wait for them. */
const heldBytesMax = 64 * 1024 * 1024;

/** Says that so many bytes of a stream are done with. */
export function credit(connection: ConnectionState, stream: StreamState, bytes: number): void {
  if (stream.isOver) return;
  stream.heldBytes -= bytes;
  connection.heldBytes -= bytes;
  const owedBytes = streamWindowBytes - stream.receiveWindowBytes - stream.heldBytes;
  if (owedBytes >= streamWindowBytes / 2) {
    stream.receiveWindowBytes += owedBytes;
    connection.writer.send(numberFrame(frameTypes.windowUpdate, stream.id, owedBytes));
  }
  creditConnection(connection);
}

/** What is read of a connection is not held against its other streams, until it is too much. */
export function creditConnection(connection: ConnectionState): void {
  const owedBytes = connectionWindowBytes - connection.receiveWindowBytes;
  if (owedBytes < connectionWindowBytes / 2 || connection.heldBytes > heldBytesMax) return;
  connection.receiveWindowBytes += owedBytes;
  connection.writer.send(numberFrame(frameTypes.windowUpdate, 0, owedBytes));
}
