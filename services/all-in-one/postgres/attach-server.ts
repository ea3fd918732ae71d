import { readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import type { Site } from "./choose-site.ts";
import { SUPERUSER } from "./create-cluster.ts";
import { findPostmaster } from "./find-postmaster.ts";
import { type LaunchedServer, launchServer, type Settings } from "./launch-server.ts";
import { ownServer, type Superuser } from "./own-server.ts";
import { PORT } from "./socket-directory.ts";
import { stopServer } from "./stop-server.ts";

/** Crash recovery is slow, so the timeout is long. */
const START_MS_MAX = 10 * 60_000;
const UNANSWERED_MS_MAX = 30_000;
/** Processes of a killed server may finish a statement before they exit. */
const OTHERS_GONE_MS_MAX = 15_000;
const POLL_MS = 10;
const RELAUNCH_MS = 250;

/** Another process uses this folder: a concurrent start, a stop under way, or a remainder of a killed server. */
const IN_THE_WAY = /lock file "postmaster\.pid" already exists|pre-existing shared memory block/;

export type AttachedServer = {
  superuser: Superuser;
  ownership: AsyncDisposable;
  /** Undefined if the server was already running. */
  launched: LaunchedServer | undefined;
};

/** Finds the folder's running server or launches one, and locks it for this owner. */
export async function attachServer(
  site: Site,
  binaries: string,
  settings: Settings,
): Promise<AttachedServer> {
  const begun = Date.now();
  let launched: LaunchedServer | undefined;
  const launch = async () => {
    launched = await relaunch(launched, begun, () => launchServer(site, binaries, settings));
  };
  try {
    const { superuser, ownership } = await takeServer(site, launch, begun);
    if (ownership !== "taken") return { superuser, ownership, launched };
  } catch (error) {
    if (launched && !launched.failure()) await stopServer(site);
    throw error;
  }
  throw new Error(
    `another sluice is running on this data folder (${site.dataDirectory}): ` +
      "stop it first, or give this one a folder of its own",
  );
}

async function takeServer(site: Site, launch: () => Promise<void>, begun: number) {
  const password = await readFile(site.passwordFile, "utf8");
  let answeredAt = begun;
  for (; Date.now() - begun < START_MS_MAX; await setTimeout(POLL_MS)) {
    const server = await findPostmaster(site.data);
    if (!server?.alive) await launch();
    if (!server?.alive || server.status !== "ready") {
      answeredAt = Date.now();
      continue;
    }
    const superuser: Superuser = { user: SUPERUSER, password, host: server.socketDirectory, port: PORT };
    const ownership = await ownServer(superuser);
    if (ownership) return { superuser, ownership };
    if (Date.now() - answeredAt > UNANSWERED_MS_MAX) throw new Error(unanswered(server));
  }
  throw new Error(
    `the PostgreSQL server of ${site.dataDirectory} is not ready after ${START_MS_MAX / 60_000} minutes; its log: ${site.log}`,
  );
}

const unanswered = ({ pid, socketDirectory }: { pid: number; socketDirectory: string }) =>
  `the PostgreSQL server of this folder runs (process ${pid}) but does not answer in ${socketDirectory}: ` +
  `end it with kill -INT ${pid} and start again`;

async function relaunch(
  before: LaunchedServer | undefined,
  begun: number,
  launch: () => Promise<LaunchedServer>,
): Promise<LaunchedServer> {
  if (!before) return launch();
  const failure = before.failure();
  if (!failure) return before;
  if (!IN_THE_WAY.test(failure) || Date.now() - begun > OTHERS_GONE_MS_MAX) {
    throw new Error(`the PostgreSQL server did not start: ${failure}`);
  }
  await setTimeout(RELAUNCH_MS);
  return launch();
}
