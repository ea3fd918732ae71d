import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../../node_modules/.cache/node");

/** Lets processes that a test starts load code that earlier ones compiled: half of the time of a start. */
export const compileCacheEnv = { NODE_COMPILE_CACHE: folder } as const;

/** Gives an orchestration's data folder the compiled code of all others; a new folder would begin with none. */
export function shareCompileCache(dataFolder: string): void {
  const own = join(dataFolder, "code");
  if (existsSync(own)) return;
  mkdirSync(folder, { recursive: true });
  mkdirSync(dataFolder, { recursive: true });
  symlinkSync(folder, own);
}
