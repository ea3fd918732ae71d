import { writeFileSync } from "node:fs";
import { systemCall } from "../confinement/kernel.ts";

const setDeathSignal = 1;
const sigkill = 9;

/** The kernel's OOM killer takes the highest score first, of -1000 to 1000: this process before the service. */
const oomScore = 1000;

/** Ends this process when its parent ends, however that ends. */
export function bindToParent(): void {
  process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
  if (process.platform !== "linux") return;
  // A busy event loop does not see the channel close, so the kernel ends the process as well.
  raiseOomScore();
  systemCall("prctl", setDeathSignal, sigkill);
  if (!process.connected) process.kill(process.pid, "SIGKILL");
}

function raiseOomScore(): void {
  try {
    writeFileSync("/proc/self/oom_score_adj", String(oomScore));
  } catch {
    // Without the file, or the right to write it, the default score stays.
  }
}
