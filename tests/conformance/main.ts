import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** The suite's version; 1.0.7 needs a module that the public proxy does not serve. */
const version = "v1.0.6";

const folder = join(import.meta.dirname, "../../.cache/conformance", version);
const runner = join(folder, "connectconformance");

function hasGo(): boolean {
  return spawnSync("go", ["version"], { stdio: "ignore" }).status === 0;
}

function install(): void {
  const target = `connectrpc.com/conformance/cmd/connectconformance@${version}`;
  execFileSync("go", ["install", target], { env: { ...process.env, GOBIN: folder }, stdio: "inherit" });
}

if (!existsSync(runner) && !hasGo()) {
  console.log("skipped: the conformance suite is built with Go, and there is no Go on this machine");
} else {
  if (!existsSync(runner)) install();
  const server = join(import.meta.dirname, "server.ts");
  const config = join(import.meta.dirname, "config.yaml");
  const own = process.argv.slice(2);
  const args = ["--mode", "server", "--conf", config, "-v", ...own, "--", process.execPath, server];
  process.exitCode = spawnSync(runner, args, { stdio: "inherit" }).status ?? 1;
}
