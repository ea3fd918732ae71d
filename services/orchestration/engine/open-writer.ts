import { constants } from "node:fs";
import type { Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { enlargePipe } from "./enlarge-pipe.ts";
import { openEnd, socketOn } from "./pipe-ends.ts";

/** How often it is tried whether a pipe is read now. */
const openWriterEveryMs = 5;

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

/** Undefined as long as nobody reads. */
function openIfRead(path: string): number | undefined {
  try {
    return openEnd(path, constants.O_WRONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENXIO") return undefined;
    throw error;
  }
}
