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
   * The superuser's address, the socket's folder percent-encoded as host. pg takes it as it is; postgres.js wants the
   * folder beside it: `postgres(url, { host: decodeURIComponent(new URL(url).hostname) })`.
   */
  url: string;
  socketDirectory: string;
  superuser: Superuser;
};

export type StartOptions = {
  /** Made if missing, and then wholly the database's. */
  dataDirectory: string;
  /** Server parameters; a live server that is taken over keeps those it was started with. `fsync: "off"` is for tests. */
  settings?: Settings;
  /** Where root puts what the server's account must reach while the data folder or the checkout is closed to it. */
  sharedDirectory?: string;
};

const SHARED_DIRECTORY = "/var/lib/sluice";

/**
 * Starts the PostgreSQL that Sluice brings along, or takes over the one a killed Sluice left behind. It is the caller's
 * alone until disposed, which stops it; nothing else does, so the caller can drain at leisure.
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
      // Owned until it is down: released earlier, the next owner could take a server that is about to stop.
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
