import { systemCall } from "../../confinement/kernel.ts";

const setPipeSize = 1031;
/** What a pipe holds, in bytes; the most that a plain user may set. Both ends wait for each other less often. */
const pipeBytes = 1024 * 1024;

/** Lets a pipe hold more, where the system can. It works as well with less. */
export function enlargePipe(descriptor: number): void {
  if (process.platform !== "linux") return;
  try {
    systemCall("fcntl", descriptor, setPipeSize, pipeBytes);
  } catch {
    // A user's pipes together may hold only so much.
  }
}
