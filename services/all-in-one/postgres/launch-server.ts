import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { Site } from "./choose-site.ts";
import { findPostmaster, nameCluster } from "./find-postmaster.ts";
import { TOOL_ENVIRONMENT, TOOL_FOLDER } from "./run-tool.ts";
import { openLog, readTail } from "./server-log.ts";
import { createSocketDirectory, PORT, removeSocketDirectory } from "./socket-directory.ts";

export type Settings = Record<string, string>;

export type LaunchedServer = {
  /** Why it ended, in the words of its log; undefined while it runs. */
  failure: () => string | undefined;
  waitForEnd: () => Promise<void>;
};

/** For one person's laptop; what a caller sets wins. */
const DEFAULTS: Settings = {
  max_connections: "200",
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  log_checkpoints: "off",
  // Processes and memory that a server with nothing to do keeps: its readers ahead, and one for replication that there is not.
  io_method: "sync",
  max_logical_replication_workers: "0",
  shared_buffers: "64MB",
};

/**
 * Spawned directly rather than by `pg_ctl start`: that one hands the paths to a shell, waits in steps of 100 ms, and cannot
 * be told of a stale process id.
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
    // The server takes a lock file with its grandparent's id for stale: a recycled id cannot stop it, and it still refuses
    // when the old server's shared memory is in use.
    env: { ...TOOL_ENVIRONMENT, ...(stale && !stale.alive && { PG_GRANDPARENT_PID: String(stale.pid) }) },
    // A session of its own: Ctrl-C reaches every process of our group, and the server has to outlast our drain.
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
    // Unreferenced, its end alone would not keep our process alive to hear of it.
    child.ref();
    return ended;
  };
  return { failure: () => failure, waitForEnd };
}

const OWN: Settings = { listen_addresses: "", port: String(PORT), unix_socket_permissions: "0700" };

/** The setting is a list with commas. */
const quote = (directory: string) => `"${directory.replaceAll('"', '""')}"`;

function readEnd(child: ChildProcess): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  child.once("error", (error) => resolve(error.message));
  child.once("exit", (code, signal) => resolve(`the server ended with ${signal ?? `code ${code}`}`));
  return promise;
}
