import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../../node_modules/.cache/node");

/** Environment with which processes load code that earlier ones compiled, which halves their start. */
export const compileCacheEnv = { NODE_COMPILE_CACHE: folder } as const;

/** Links the compile cache into the data folder of an orchestration; a new folder has none. */
export function shareCompileCache(dataFolder: string): void {
  const own = join(dataFolder, "code");
  if (existsSync(own)) return;
  mkdirSync(folder, { recursive: true });
  mkdirSync(dataFolder, { recursive: true });
  symlinkSync(folder, own);
}
