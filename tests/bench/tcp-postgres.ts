import { spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { chooseSite } from "../../services/all-in-one/postgres/choose-site.ts";
import { prepareBinaries } from "../../services/all-in-one/postgres/prepare-binaries.ts";
import { TOOL_ENVIRONMENT, TOOL_FOLDER } from "../../services/all-in-one/postgres/run-tool.ts";
import { startPostgres } from "../../services/all-in-one/postgres/start-postgres.ts";
import { freePort } from "../lib/free-port.ts";

const readyWithinMs = 30_000;

/**
 * Starts a PostgreSQL server that listens on TCP, as real sources do. Sluice's embedded server has only a unix socket, and a
 * forwarder in front of it would cost as much time as the measured work. Returns its superuser's URL.
 */
export async function startTcpPostgres(directory: string): Promise<AsyncDisposable & { url: string }> {
  const dataDirectory = join(directory, "postgres-tcp");
  const made = await startPostgres({ dataDirectory });
  const { user, password } = made.superuser;
  await made[Symbol.asyncDispose]();
  const site = await chooseSite(dataDirectory, directory);
  const binaries = await prepareBinaries(site.account, site.account ? directory : site.dataDirectory);
  const port = await freePort();
  const settings = ["listen_addresses=127.0.0.1", `port=${port}`, "unix_socket_directories=", "jit=off"];
  const args = settings.flatMap((setting) => ["-c", setting]);
  const child = spawn(join(binaries, "postgres"), ["-D", site.data, ...args], {
    cwd: TOOL_FOLDER,
    env: TOOL_ENVIRONMENT,
    stdio: "ignore",
    ...site.account,
  });
  const ended = once(child, "close");
  await listening(port);
  return {
    url: `postgres://${user}:${password}@127.0.0.1:${port}/postgres`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGINT");
      await ended;
    },
  };
}

async function listening(port: number): Promise<void> {
  const giveUpMs = performance.now() + readyWithinMs;
  while (!(await canConnect(port))) {
    if (performance.now() > giveUpMs) throw new Error("the database server does not listen");
    await setTimeout(50);
  }
}

async function canConnect(port: number): Promise<boolean> {
  const socket = createConnection(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
