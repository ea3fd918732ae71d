import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { endProcess } from "./end-process.ts";
import { freePort } from "./free-port.ts";

/** A machine without Redis can test all the rest; the landing gate installs it. */
export const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;

/** Why tests are skipped, for their title. */
export const redisMissing = hasRedis ? "" : ": skipped, since redis-server is not on the PATH";

export type RedisServer = AsyncDisposable & {
  readonly url: string;
  /** Sends a signal to the server's process. */
  signal(signal: NodeJS.Signals): void;
  /** Ends it as a loss of power would; what it held is gone. */
  kill(): Promise<void>;
  /** Starts it again, at the same address. */
  start(): Promise<void>;
};

/** A Redis server of a test's own, in memory only. The machine's `redis-server` has to be on the PATH. */
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
