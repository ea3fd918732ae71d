import { constants } from "node:fs";
import type { Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { enlargePipe } from "./enlarge-pipe.ts";
import { openEnd, socketOn } from "./pipe-ends.ts";

/** Opens a named pipe for writing; its read end must be open. */
export function openWriter(path: string): Socket {
  const end = openEnd(path, constants.O_WRONLY);
  enlargePipe(end);
  return socketOn(end, { readable: false, writable: true });
}

/** Interval between attempts to open a pipe, in milliseconds. */
const openIntervalMs = 5;

/** Opens a named pipe for writing as soon as its read end is open; resolves to the descriptor. */
export async function openOnceRead(path: string, signal: AbortSignal): Promise<number> {
  for (;;) {
    const end = openIfRead(path);
    if (end !== undefined) return end;
    await setTimeout(openIntervalMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** Undefined while the read end is closed. */
function openIfRead(path: string): number | undefined {
  try {
    return openEnd(path, constants.O_WRONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENXIO") return undefined;
    throw error;
  }
}
