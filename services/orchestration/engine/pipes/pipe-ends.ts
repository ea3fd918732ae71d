import { constants, openSync } from "node:fs";
import { Socket, type SocketConstructorOpts } from "node:net";

/** What is kept at an end while the other process does something else, in bytes. */
const bufferBytes = 256 * 1024;

/** Opening never waits for the other end: that would take a thread of the file system's. */
const { O_RDONLY, O_NONBLOCK } = constants;

/** Opens a named pipe to read it. */
export const openReader = (path: string): Socket =>
  socketOn(openEnd(path, O_RDONLY), { readable: true, writable: false });

/** By the call that answers a bare descriptor: a socket owns it, and a FileHandle would close it as well. */
export const openEnd = (path: string, direction: number): number => openSync(path, direction | O_NONBLOCK);

export function socketOn(fd: number, direction: { readable: boolean; writable: boolean }): Socket {
  const end = new Socket({ fd, highWaterMark: bufferBytes, ...direction } as SocketConstructorOpts);
  // Whoever uses it hears of its errors; when nobody does they must not end the process.
  return end.on("error", () => {});
}
