import { writeFileSync } from "node:fs";
import { systemCall } from "../confinement/kernel.ts";

const setDeathSignal = 1;
const sigkill = 9;

/** How gladly the kernel ends this process when memory runs out, of 1000: before anything that serves. */
const oomScore = 1000;

/** Ends this process with its parent, however that ends: without it nobody waits for an answer. */
export function bindToParent(): void {
  process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
  if (process.platform !== "linux") return;
  // A process that is kept busy hears of no channel that closes: the kernel ends it.
  offerToKernel();
  systemCall("prctl", setDeathSignal, sigkill);
  if (!process.connected) process.kill(process.pid, "SIGKILL");
}

function offerToKernel(): void {
  try {
    writeFileSync("/proc/self/oom_score_adj", String(oomScore));
  } catch {
    // Where the file is not there, or is not ours, the kernel chooses by itself.
  }
}
