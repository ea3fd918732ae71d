import { constants } from "node:fs";
import type { Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { enlargePipe } from "./enlarge-pipe.ts";
import { openEnd, socketOn } from "./pipe-ends.ts";

/** Opens a named pipe to write it, which somebody has open for reading. */
export function openWriter(path: string): Socket {
  const end = openEnd(path, constants.O_WRONLY);
  enlargePipe(end);
  return socketOn(end, { readable: false, writable: true });
}

/** How often it is tried whether a pipe is read now, in milliseconds. */
const openEveryMs = 5;

/** Opens a named pipe for writing as soon as somebody has it open for reading. Answers the descriptor. */
export async function openOnceRead(path: string, signal: AbortSignal): Promise<number> {
  for (;;) {
    const end = openIfRead(path);
    if (end !== undefined) return end;
    await setTimeout(openEveryMs, undefined, { signal }).catch(() => signal.throwIfAborted());
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
