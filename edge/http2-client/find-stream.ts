import type { ConnectionState } from "./connection-state.ts";
import { protocolError } from "./http2-error.ts";
import type { StreamState } from "./stream.ts";

/** The stream of a frame; undefined if it is closed. Throws PROTOCOL_ERROR if it was never opened. */
export function findStream(connection: ConnectionState, id: number): StreamState | undefined {
  const stream = connection.streams.get(id);
  if (!stream && (id % 2 === 0 || id >= connection.nextId))
    throw protocolError("a frame is of a stream that nobody began");
  return stream;
}
