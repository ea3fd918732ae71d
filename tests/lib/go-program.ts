import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";

const cache = join(import.meta.dirname, "../../.cache/go");

/**
 * A released program in Go, by its import path and version: the path of its binary, built unless it was before;
 * undefined where there is no Go to build it. Throws when it does not build.
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
