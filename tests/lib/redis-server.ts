import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { endProcess } from "./end-process.ts";
import { freePort } from "./free-port.ts";

/** Tests that need Redis are skipped without it; `.ci/run` installs it. */
export const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;

/** Suffix of a title that says why the test is skipped. */
export const redisMissing = hasRedis ? "" : ": skipped, since redis-server is not on the PATH";

export type RedisServer = AsyncDisposable & {
  readonly url: string;
  /** Sends a signal to the server's process. */
  signal(signal: NodeJS.Signals): void;
  /** Kills the server; its data is lost. */
  kill(): Promise<void>;
  /** Starts a new server at the same address. */
  start(): Promise<void>;
};

/** Starts `redis-server` from the PATH, without persistence. */
export async function startRedisServer(): Promise<RedisServer> {
  const port = await freePort();
  let child = await spawnServer(port);
  const kill = () => endProcess(child);
  return {
    url: `redis://127.0.0.1:${port}`,
    signal: (signal) => void child.kill(signal),
    kill,
    async start() {
      child = await spawnServer(port);
    },
    [Symbol.asyncDispose]: kill,
  };
}

async function spawnServer(port: number): Promise<ChildProcess> {
  const settings = ["--bind", "127.0.0.1", "--port", String(port), "--save", "", "--appendonly", "no"];
  const child = spawn("redis-server", settings, { stdio: ["ignore", "pipe", "inherit"] });
  child.on("error", () => undefined);
  const lines = createInterface(child.stdout);
  for await (const line of lines) {
    if (!line.includes("Ready to accept connections")) continue;
    child.stdout.resume();
    return child;
  }
  throw new Error("redis-server does not start: install it, as with `apt-get install redis-server`");
}
