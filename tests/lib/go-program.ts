import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";

const cache = join(import.meta.dirname, "../../.cache/go");

/**
 * Path of the binary of a released Go program. It is built on first use and cached by import path and version. Undefined without a Go
 * toolchain; throws if the build fails.
 */
export function goProgram(importPath: string, version: string): string | undefined {
  const folder = join(cache, importPath, version);
  const binary = join(folder, basename(importPath));
  if (existsSync(binary)) return binary;
  if (spawnSync("go", ["version"], { stdio: "ignore" }).status !== 0) return undefined;
  const env = { ...process.env, GOBIN: folder };
  execFileSync("go", ["install", `${importPath}@${version}`], { env, stdio: "inherit" });
  return binary;
}
