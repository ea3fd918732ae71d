import { systemCall } from "../../confinement/kernel.ts";

const setPipeSize = 1031;
/** Capacity of a pipe, in bytes: the maximum for an unprivileged user. Larger pipes mean fewer context switches. */
const pipeBytes = 1024 * 1024;

/** Enlarges a pipe where the system supports it. The default size works too. */
export function enlargePipe(descriptor: number): void {
  if (process.platform !== "linux") return;
  try {
    systemCall("fcntl", descriptor, setPipeSize, pipeBytes);
  } catch {
    // The system also limits the total size of a user's pipes.
  }
}
