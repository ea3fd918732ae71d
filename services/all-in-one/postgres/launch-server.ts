import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { Site } from "./choose-site.ts";
import { findPostmaster, nameCluster } from "./find-postmaster.ts";
import { TOOL_ENVIRONMENT, TOOL_FOLDER } from "./run-tool.ts";
import { openLog, readTail } from "./server-log.ts";
import { createSocketDirectory, PORT, removeSocketDirectory } from "./socket-directory.ts";

export type Settings = Record<string, string>;

export type LaunchedServer = {
  /** Last lines of the server's log after its end; undefined while it runs. */
  failure: () => string | undefined;
  waitForEnd: () => Promise<void>;
};

/** Defaults for a laptop. The caller's settings override them. */
const DEFAULTS: Settings = {
  max_connections: "200",
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  log_checkpoints: "off",
  // Fewer idle processes and less memory: no read-ahead workers, no logical replication launcher.
  io_method: "sync",
  max_logical_replication_workers: "0",
  shared_buffers: "64MB",
};

/**
 * Spawns the server directly. `pg_ctl start` passes paths to a shell, polls every 100 ms, and can't handle a stale
 * process id.
 */
export async function launchServer(
  site: Site,
  binaries: string,
  settings: Settings,
): Promise<LaunchedServer> {
  const stale = await findPostmaster(site.data);
  if (stale && !stale.alive) await removeSocketDirectory(stale.socketDirectory);
  const socketDirectory = await createSocketDirectory(site.account);
  await using log = await openLog(site);
  const since = (await log.stat()).size;
  const own = {
    ...OWN,
    unix_socket_directories: quote(socketDirectory),
    cluster_name: await nameCluster(site.data),
  };
  const args = Object.entries({ ...DEFAULTS, ...settings, ...own }).flatMap(([key, value]) => [
    "-c",
    `${key}=${value}`,
  ]);
  const child = spawn(join(binaries, "postgres"), ["-D", site.data, ...args], {
    cwd: TOOL_FOLDER,
    // The server treats a lock file with its grandparent's id as stale. A recycled process id can't block the start,
    // and the server still refuses while the old one's shared memory is in use.
    env: { ...TOOL_ENVIRONMENT, ...(stale && !stale.alive && { PG_GRANDPARENT_PID: String(stale.pid) }) },
    // In its own session: Ctrl-C signals our process group, and the server has to outlive our drain.
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
    ...site.account,
  });
  child.unref();
  let failure: string | undefined;
  const ended = readEnd(child).then(async (reason) => {
    await removeSocketDirectory(socketDirectory);
    failure = `${reason}\n${await readTail(site.log, since).catch(() => "")}`.trim();
  });
  const waitForEnd = () => {
    // Referenced, so that our process stays alive to see the server's exit.
    child.ref();
    return ended;
  };
  return { failure: () => failure, waitForEnd };
}

const OWN: Settings = { listen_addresses: "", port: String(PORT), unix_socket_permissions: "0700" };

/** The setting is a comma-separated list. */
const quote = (directory: string) => `"${directory.replaceAll('"', '""')}"`;

function readEnd(child: ChildProcess): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  child.once("error", (error) => resolve(error.message));
  child.once("exit", (code, signal) => resolve(`the server ended with ${signal ?? `code ${code}`}`));
  return promise;
}
