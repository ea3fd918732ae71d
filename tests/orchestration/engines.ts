import { createLog } from "../../services/lib/log.ts";
import { findConfinement } from "../../services/orchestration/confinement/find-confinement.ts";
import { createEngine, type Engine, type EngineOptions } from "../../services/orchestration/engine/engine.ts";
import type { MemoryLimits } from "../../services/orchestration/engine/memory-watch.ts";

const memory: MemoryLimits = { processBytes: 1536 * 1024 ** 2, totalBytes: 6 * 1024 ** 3 };

/** An engine as the service has it, in a folder of its own. */
export async function startEngine(directory: string, options: Partial<EngineOptions> = {}): Promise<Engine> {
  const log = createLog("engine", { logLevel: "silent" });
  const confinement = await findConfinement(memory.processBytes);
  return createEngine({ directory, confinement, memory, log, ...options });
}
