import { fileURLToPath } from "node:url";
import { openDatabase } from "../lib/database/database.ts";
import { startMeshServer } from "../lib/mesh/mesh-server.ts";
import { openMeshTls } from "../lib/mesh/mesh-tls.ts";
import { aborted, type Run } from "../lib/process/lifetime.ts";
import { createLog } from "../lib/telemetry/log.ts";
import { startCollector } from "./collect/collector.ts";
import type { StorageConfig } from "./config.ts";
import { type Limits, standardLimits } from "./limits.ts";
import { openLocalDisk } from "./objects/local-disk.ts";
import type { ObjectStore } from "./objects/object-store.ts";
import { createVerifiedContent } from "./objects/verified-content.ts";
import { storageServices } from "./service.ts";
import { createSignedUrls } from "./sign/signed-urls.ts";
import { openLentFiles } from "./upload/lent-files.ts";
import { createReservations } from "./upload/reservations.ts";
import { createSmallUploads } from "./upload/small-uploads.ts";

const migrationsFolder = fileURLToPath(new URL("migrations", import.meta.url));

type StorageOptions = {
  readonly limits: Limits;
  openStore(config: StorageConfig): Promise<ObjectStore>;
};

const standardOptions: StorageOptions = {
  limits: standardLimits,
  openStore: ({ storageDirectory }) => openLocalDisk(storageDirectory),
};

/**
 * Runs the storage service with other options than the standard ones.
 * @internal Exported for tests, which set small limits and have an object store of their own.
 */
export const runWith =
  (options: Partial<StorageOptions>): Run<StorageConfig> =>
  async (config, stop, ready) => {
    const { limits, openStore } = { ...standardOptions, ...options };
    const log = createLog("storage", config);
    using tls = await openMeshTls(config.meshFiles, log);
    await using database = await openDatabase({
      url: config.databaseUrl,
      service: "storage",
      migrationsFolder,
    });
    const { db } = database;
    await using objects = await openStore(config);
    await using reservations = createReservations({ db, log, limits });
    const content = createVerifiedContent(objects);
    const signedUrls = createSignedUrls({ key: config.urlSigningKey, publicUrl: config.publicUrl });
    const smallUploads = createSmallUploads({ db, objects, content });
    const lentFiles = openLentFiles(config.lentFilesDirectory);
    const deps = { db, objects, content, reservations, smallUploads, lentFiles, signedUrls, limits, log };
    await using _collector = startCollector(deps);
    await using server = await startMeshServer(config, storageServices(deps), { log, tls });
    ready(server.address);
    await aborted(stop);
  };

/** Runs the storage service until `stop` aborts. */
export const run: Run<StorageConfig> = runWith({});
