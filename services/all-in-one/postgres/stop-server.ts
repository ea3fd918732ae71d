import { setTimeout } from "node:timers/promises";
import type { Site } from "./choose-site.ts";
import { findPostmaster, isPostmasterOf } from "./find-postmaster.ts";
import { removeSocketDirectory } from "./socket-directory.ts";

/** Long, for the last checkpoint: interrupting it would only defer the work to the next start. */
const STOP_MS_MAX = 120_000;
const POLL_MS = 10;

/**
 * Fast shutdown: closes sessions, writes a checkpoint, waits for the process to exit. `pg_ctl stop -m fast` watches
 * the pid file instead, and waits forever if another owner starts the next server at once.
 */
export async function stopServer(site: Site): Promise<void> {
  const server = await findPostmaster(site.data);
  if (!server?.alive) return;
  process.kill(server.pid, "SIGINT");
  const begun = Date.now();
  while (await isPostmasterOf(site.data, server.pid)) {
    if (Date.now() - begun > STOP_MS_MAX) {
      throw new Error(
        `the PostgreSQL server (process ${server.pid}) is still stopping after ${STOP_MS_MAX / 1000} s; its log: ${site.log}`,
      );
    }
    await setTimeout(POLL_MS);
  }
  await removeSocketDirectory(server.socketDirectory);
}
