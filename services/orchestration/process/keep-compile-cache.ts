import { flushCompileCache } from "node:module";

/** Long enough that the first request does not wait for the files to be written. */
const delayMs = 1_000;

/** Writes the compile cache soon after the start: a process that is killed, as most of these are, would not write it. */
export function keepCompileCache(): void {
  setTimeout(flushCompileCache, delayMs).unref();
}
