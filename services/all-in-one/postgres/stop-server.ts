import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Site } from "./choose-site.ts";
import { findPostmaster, isPostmasterOf } from "./find-postmaster.ts";
import { runTool } from "./run-tool.ts";
import { removeSocketDirectory } from "./socket-directory.ts";

/** The last checkpoint writes all that memory holds; cutting it short would only move the work to the next start. */
const STOP_SECONDS_MAX = 120;
const REAP_POLL_MS = 5;

/** Ends the sessions, writes a checkpoint and waits until the process is gone. */
export async function stopServer(site: Site, binaries: string): Promise<void> {
  const server = await findPostmaster(site.data);
  if (!server?.alive) return;
  const wait = ["--wait", `--timeout=${STOP_SECONDS_MAX}`];
  await runTool(join(binaries, "pg_ctl"), ["stop", "-D", site.data, "-m", "fast", ...wait], site.account);
  // pg_ctl waits for the pid file to go, which the server removes shortly before it ends.
  while (await isPostmasterOf(site.data, server.pid)) await setTimeout(REAP_POLL_MS);
  await removeSocketDirectory(server.socketDirectory);
}
