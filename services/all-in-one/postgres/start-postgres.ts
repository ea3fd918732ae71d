import { type AttachedServer, attachServer } from "./attach-server.ts";
import { chooseSite, type Site } from "./choose-site.ts";
import { createCluster } from "./create-cluster.ts";
import type { Settings } from "./launch-server.ts";
import type { Superuser } from "./own-server.ts";
import { prepareBinaries } from "./prepare-binaries.ts";
import { boundLog, keepLogBounded } from "./server-log.ts";
import { stopServer } from "./stop-server.ts";

export type EmbeddedPostgres = AsyncDisposable & {
  /**
   * Superuser's URL with the socket's folder percent-encoded as host. pg accepts it; for postgres.js see
   * connectPostgres.
   */
  url: string;
  socketDirectory: string;
  superuser: Superuser;
};

export type StartOptions = {
  /** Created if missing. Used by the database only. */
  dataDirectory: string;
  /** Server parameters. A running server that is taken over keeps its own. `fsync: "off"` is for tests. */
  settings?: Settings;
  /** Folder for files that the server's account needs while it can't reach the data folder or the checkout. */
  sharedDirectory?: string;
};

const SHARED_DIRECTORY = "/var/lib/sluice";

/**
 * Starts the bundled PostgreSQL, or takes over the one of a killed Sluice. It is locked for the caller until disposed,
 * and only disposal stops it, so that the caller can drain first.
 */
export async function startPostgres(options: StartOptions): Promise<EmbeddedPostgres> {
  const { dataDirectory, settings = {}, sharedDirectory = SHARED_DIRECTORY } = options;
  const site = await chooseSite(dataDirectory, sharedDirectory);
  const binaries = await prepareBinaries(site.account, site.account ? sharedDirectory : site.dataDirectory);
  await createCluster(site, binaries, settings.fsync !== "off");
  await boundLog(site.log);
  const attached = await attachServer(site, binaries, settings);
  return describe(attached.superuser, stopOnce(site, attached));
}

function stopOnce(site: Site, { ownership, launched }: AttachedServer): () => Promise<void> {
  const logBound = keepLogBounded(site.log);
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    logBound[Symbol.dispose]();
    try {
      // Locked until it is down: otherwise the next owner could take over a stopping server.
      await stopServer(site);
      await launched?.waitForEnd();
    } finally {
      await ownership[Symbol.asyncDispose]();
    }
  };
  return () => {
    stopped ??= stop();
    return stopped;
  };
}

function describe(superuser: Superuser, dispose: () => Promise<void>): EmbeddedPostgres {
  const { user, password, host, port } = superuser;
  return {
    url: `postgres://${user}:${password}@${encodeURIComponent(host)}:${port}/postgres`,
    socketDirectory: host,
    superuser,
    [Symbol.asyncDispose]: dispose,
  };
}
