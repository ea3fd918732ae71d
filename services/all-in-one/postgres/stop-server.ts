import { setTimeout } from "node:timers/promises";
import type { Site } from "./choose-site.ts";
import { findPostmaster, isPostmasterOf } from "./find-postmaster.ts";
import { removeSocketDirectory } from "./socket-directory.ts";

/** The last checkpoint writes all that memory holds; cutting it short would only move the work to the next start. */
const STOP_MS_MAX = 120_000;
const POLL_MS = 10;

/**
 * Ends the sessions, writes a checkpoint and waits until the process is gone. This is what `pg_ctl stop -m fast` does, except
 * that pg_ctl watches the pid file, and never sees it go when a waiting owner starts the next server at once.
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
