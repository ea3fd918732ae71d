import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { chooseSite } from "../../services/all-in-one/postgres/choose-site.ts";
import { prepareBinaries } from "../../services/all-in-one/postgres/prepare-binaries.ts";
import { TOOL_ENVIRONMENT, TOOL_FOLDER } from "../../services/all-in-one/postgres/run-tool.ts";
import { startPostgres } from "../../services/all-in-one/postgres/start-postgres.ts";
import { connectPostgres } from "../../services/lib/database/postgres-client.ts";
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
  const url = `postgres://${user}:${password}@127.0.0.1:${port}/postgres`;
  await ready(url);
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill("SIGINT");
      await ended;
    },
  };
}

/** A server that has just begun to listen refuses logins until it has started. */
async function ready(url: string): Promise<void> {
  const giveUpMs = performance.now() + readyWithinMs;
  const sql = connectPostgres(url, { max: 1 });
  try {
    for (;;) {
      const failure = await sql`select`.then(
        () => undefined,
        (error: Error) => error,
      );
      if (!failure) return;
      if (performance.now() > giveUpMs) throw failure;
      await setTimeout(50);
    }
  } finally {
    await sql.end();
  }
}
