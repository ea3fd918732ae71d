import { systemCall } from "../confinement/kernel.ts";

const setDeathSignal = 1;
const sigkill = 9;

/** Ends this process with its parent, however that ends: without it nobody waits for an answer. */
export function bindToParent(): void {
  process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
  if (process.platform !== "linux") return;
  // A process that is kept busy hears of no channel that closes: the kernel ends it.
  systemCall("prctl", setDeathSignal, sigkill);
  if (!process.connected) process.kill(process.pid, "SIGKILL");
}
