import { constants, openSync } from "node:fs";
import { Socket, type SocketConstructorOpts } from "node:net";
import { setTimeout } from "node:timers/promises";

import { enlargePipe } from "./enlarge-pipe.ts";

/** What is kept at an end while the other process does something else, in bytes. */
const bufferBytes = 256 * 1024;

/** How often it is tried whether a pipe is read now. */
const openWriterEveryMs = 5;

/** Opening never waits for the other end: that would take a thread of the file system's. */
const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;

/** Opens a named pipe to read it. */
export const openReader = (path: string): Socket =>
  socketOn(openEnd(path, O_RDONLY), { readable: true, writable: false });

/** Opens a named pipe to write it, as soon as another process reads it: what nobody reads would be lost. */
export async function openWriter(path: string, signal: AbortSignal): Promise<Socket> {
  for (;;) {
    const end = openIfRead(path);
    if (end !== undefined) {
      enlargePipe(end);
      return socketOn(end, { readable: false, writable: true });
    }
    await setTimeout(openWriterEveryMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** By the call that answers a bare descriptor: a socket owns it, and a FileHandle would close it as well. */
const openEnd = (path: string, direction: number): number => openSync(path, direction | O_NONBLOCK);

/** Undefined as long as nobody reads. */
function openIfRead(path: string): number | undefined {
  try {
    return openEnd(path, O_WRONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENXIO") return undefined;
    throw error;
  }
}

function socketOn(fd: number, direction: { readable: boolean; writable: boolean }): Socket {
  const end = new Socket({ fd, highWaterMark: bufferBytes, ...direction } as SocketConstructorOpts);
  // Whoever uses it hears of its errors; when nobody does they must not end the process.
  return end.on("error", () => {});
}
