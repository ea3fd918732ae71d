import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createClient } from "@connectrpc/connect";
import type { Env } from "../../services/lib/env.ts";
import type { GrpcTransport } from "../../services/lib/grpc-transport.ts";
import { type RunningService, transportAs } from "./test-mesh.ts";

export type ServiceProcess = RunningService & {
  readonly pid: number;
  /** Ends it as a loss of power would, as far as a process can feel one. */
  kill(): Promise<void>;
};

/**
 * A service's real process, as `npm run start:<service>` starts it, but with this environment; `fileBytesMax` bounds the
 * files that it may write.
 */
export async function spawnService(
  service: string,
  env: Env,
  { fileBytesMax }: { fileBytesMax?: number | undefined } = {},
): Promise<ServiceProcess> {
  const main = join(import.meta.dirname, `../../services/${service}/main.ts`);
  const bounded = fileBytesMax === undefined ? [] : ["prlimit", `--fsize=${fileBytesMax}`];
  const [command = "", ...args] = [...bounded, process.execPath, main];
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env.PATH, ...env, LOG_LEVEL: "info" },
  });
  const address = await addressOf(child);
  const transports: GrpcTransport[] = [];
  const end = async (signal: NodeJS.Signals) => {
    for (const transport of transports) transport[Symbol.dispose]();
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };
  return {
    address,
    pid: child.pid ?? 0,
    client(described, who, caller = "edge") {
      const transport = transportAs(address, who, caller);
      transports.push(transport);
      return createClient(described, transport);
    },
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    [Symbol.asyncDispose]: () => end("SIGKILL"),
  };
}

async function addressOf(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error("no output");
  for await (const line of createInterface(child.stdout)) {
    const { msg, address, err } = JSON.parse(line);
    if (err && msg === "failed") throw new Error(err.message);
    if (msg !== "ready") continue;
    child.stdout.resume();
    return address;
  }
  throw new Error("the process ended before it was ready");
}
