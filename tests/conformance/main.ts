import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { goProgram } from "../lib/go-program.ts";

/** The suite's version; 1.0.7 needs a module that the public proxy does not serve. */
const version = "v1.0.6";

/** Low, because the suite waits only ten seconds for the start of a server, even on a busy machine. */
const serversMax = 2;

/** Runs the suite with options of its runner. Returns the exit code. */
async function runSuite(runner: string, options: readonly string[]): Promise<number> {
  const backend = fork(join(import.meta.dirname, "backend.ts"));
  try {
    const [backendAddress] = (await once(backend, "message")) as [string];
    const server = [process.execPath, join(import.meta.dirname, "server.ts"), backendAddress];
    const config = join(import.meta.dirname, "config.yaml");
    const usual = ["--mode", "server", "--conf", config, "--max-servers", String(serversMax), "-v"];
    const suite = spawn(runner, [...usual, ...options, "--", ...server], { stdio: "inherit" });
    const [code] = (await once(suite, "exit")) as [number | null];
    return code ?? 1;
  } finally {
    backend.kill();
  }
}

const runner = goProgram("connectrpc.com/conformance/cmd/connectconformance", version);
if (runner) process.exitCode = await runSuite(runner, process.argv.slice(2));
else console.log("skipped: the conformance suite is built with Go, and there is no Go on this machine");
