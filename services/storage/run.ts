import { fileURLToPath } from "node:url";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { LineageService } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { type Db, openDatabase } from "../lib/database/database.ts";
import { openJobs } from "../lib/jobs/jobs.ts";
import { createMeshClient } from "../lib/mesh/mesh-client.ts";
import { startMeshServer } from "../lib/mesh/mesh-server.ts";
import { openMeshTls } from "../lib/mesh/mesh-tls.ts";
import { aborted, type Run } from "../lib/process/lifetime.ts";
import { createSemaphore } from "../lib/process/semaphore.ts";
import { createSigner } from "../lib/rpc/principal.ts";
import { createLog } from "../lib/telemetry/log.ts";
import { createEntryLeases } from "./cache/lease-entry.ts";
import { openCache } from "./cache/open-cache.ts";
import { startCollector } from "./collect/collector.ts";
import type { StorageConfig } from "./config.ts";
import { maintainKeys } from "./encryption/maintain-keys.ts";
import { type Limits, standardLimits } from "./limits.ts";
import { createDownloadCounts } from "./models/downloads/download-counts.ts";
import { startModelMaintenance } from "./models/maintain-models.ts";
import type { ObjectStore } from "./objects/object-store.ts";
import { createVerifiedContent } from "./objects/verified-content.ts";
import { openObjects } from "./open-objects.ts";
import { openStore } from "./open-store.ts";
import { createReservations } from "./quota/reservations.ts";
import { createLastReads } from "./reads/last-reads.ts";
import { createFinishUpload } from "./resumable/finish-upload.ts";
import { createDamageReports, withReports } from "./scrub/damage-reports.ts";
import { startScrubber } from "./scrub/scrubber.ts";
import { storageServices } from "./service.ts";
import { createSignedUrls } from "./sign/signed-urls.ts";
import { createTiers } from "./tier/tiers.ts";
import { openLentFiles } from "./upload/lent-files.ts";
import { createSmallUploads } from "./upload/small-uploads.ts";
import { createExactEngine } from "./vectors/exact/exact-engine.ts";
import { openPgvector } from "./vectors/pgvector/open-pgvector.ts";
import { sessionSettings } from "./vectors/pgvector/session-settings.ts";
import { startVectorMaintenance } from "./vectors/vector-maintenance.ts";
import { createVectorSearch } from "./vectors/vector-search.ts";
import { startWork } from "./work.ts";

const migrationsFolder = fileURLToPath(new URL("migrations", import.meta.url));

/** Each can need a second connection; the pool has ten. */
const longTransactionsMax = 3;

type StorageOptions = {
  readonly limits: Limits;
  openStore(config: StorageConfig, db: Db): Promise<ObjectStore>;
};

const standardOptions: StorageOptions = {
  limits: standardLimits,
  openStore,
};

/**
 * Runs the storage service with other options than the standard ones.
 * @internal Exported for tests, which set small limits and have an object store of their own.
 */
export const runWith =
  (options: Partial<StorageOptions>): Run<StorageConfig> =>
  async (config, stop, ready) => {
    const { limits, openStore: openOne } = { ...standardOptions, ...options };
    const log = createLog("storage", config);
    using tls = await openMeshTls(config.meshFiles, log);
    await using database = await openDatabase({
      url: config.databaseUrl,
      service: "storage",
      migrationsFolder,
      settings: sessionSettings,
    });
    const { db, listen } = database;
    await using jobs = await openJobs({ url: config.databaseUrl, service: "storage", log, listen });
    const open = { db, log, openStore: () => openOne(config, db) };
    await using opened = await openObjects(config, open);
    const { objects, masterKeys, space, copies } = opened;
    await using reservations = createReservations({ db, log, limits });
    const tiers = createTiers({ db, objects, reservations });
    const verified = createVerifiedContent(tiers.store);
    await using damage = createDamageReports({ db, objects, content: verified, reservations, copies, log });
    const content = withReports(verified, damage);
    await using lastReads = createLastReads({ db, log, limits });
    const { urlSigningKey: key, urlSigningKeyPrevious: previousKey, publicUrl } = config;
    const signedUrls = createSignedUrls({ key, previousKey, publicUrl });
    const smallUploads = createSmallUploads({ db, objects, content });
    const lentFiles = openLentFiles(config.lentFilesDirectory);
    const signer = createSigner("storage", config.meshPrivateKey);
    using policies = createMeshClient(PolicyService, {
      peer: "identity",
      address: config.identityAddress,
      signer,
      tls,
    });
    using lineage = createMeshClient(LineageService, {
      peer: "orchestration",
      address: config.orchestrationAddress,
      signer,
      tls,
    });
    await using cache = openCache(config.cache, db, log);
    const working = { db, objects, content, reservations, limits, log };
    await using _keys = maintainKeys({ ...working, masterKeys });
    await using scrubber = startScrubber({ ...working, copies }, config.scrubSchedule);
    await using downloads = createDownloadCounts({ db, log });
    await using modelMaintenance = startModelMaintenance({ ...working, lineage });
    const longTransactions = createSemaphore(longTransactionsMax);
    await using exact = createExactEngine(db, { cacheBytes: config.vectorCacheBytes, longTransactions });
    const pgvector = await openPgvector(db, config.vectorEngine);
    const deps = {
      ...working,
      finishUpload: createFinishUpload({ ...working, smallUploads }),
      cache,
      entryLeases: createEntryLeases(cache),
      policies,
      tiers,
      lastReads,
      lineage,
      downloads,
      modelMaintenance,
      smallUploads,
      lentFiles,
      signedUrls,
      vectorSearch: createVectorSearch(exact, pgvector),
      longTransactions,
      masterKeys,
      space,
      scrubs: { wake: scrubber.wake, schedule: config.scrubSchedule },
    };
    await using _collector = startCollector(deps);
    await using _work = await startWork({ ...deps, jobs });
    await using _vectorMaintenance = startVectorMaintenance({
      db,
      log,
      pauseMs: limits.vectorMaintenanceMs,
      hasPgvector: pgvector !== undefined,
    });
    await using server = await startMeshServer(config, storageServices(deps), { log, tls });
    ready(server.address);
    await aborted(stop);
  };

/** Runs the storage service until `stop` aborts. */
export const run: Run<StorageConfig> = runWith({});
