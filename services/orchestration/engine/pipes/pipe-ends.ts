import { constants, openSync } from "node:fs";
import { Socket, type SocketConstructorOpts } from "node:net";

/** Bytes buffered while the other process is busy. */
const bufferBytes = 256 * 1024;

/** Non-blocking, because a blocking open would hold a thread of libuv's pool. */
const { O_RDONLY, O_NONBLOCK } = constants;

/** Opens a named pipe for reading. */
export const openReader = (path: string): Socket =>
  socketOn(openEnd(path, O_RDONLY), { readable: true, writable: false });

/** Uses openSync, because the socket owns the descriptor and a FileHandle would close it a second time. */
export const openEnd = (path: string, direction: number): number => openSync(path, direction | O_NONBLOCK);

export function socketOn(fd: number, direction: { readable: boolean; writable: boolean }): Socket {
  const end = new Socket({ fd, highWaterMark: bufferBytes, ...direction } as SocketConstructorOpts);
  // Users of the socket get its errors as rejections; without a user an error must not end the process.
  return end.on("error", () => {});
}
