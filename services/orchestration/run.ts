import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { ResultCacheService } from "../../gen/sluice/storage/v1/result_cache_pb.ts";
import { openDatabase } from "../lib/database/database.ts";
import { createMeshClient } from "../lib/mesh/mesh-client.ts";
import { startMeshServer } from "../lib/mesh/mesh-server.ts";
import { openMeshTls } from "../lib/mesh/mesh-tls.ts";
import { aborted, type Run } from "../lib/process/lifetime.ts";
import { createSigner } from "../lib/rpc/principal.ts";
import { createLog } from "../lib/telemetry/log.ts";
import { newId } from "../lib/values/ids.ts";
import { createBlobCache } from "./blobs/blob-cache.ts";
import { openBlobFolder } from "./blobs/blob-folder.ts";
import { openStorageFolder } from "./blobs/storage-folder.ts";
import { openCachedResults } from "./cache/open-cached-results.ts";
import { createDiscoverAs } from "./catalog/schedule/discover-as.ts";
import { runSchedules } from "./catalog/schedule/run-schedules.ts";
import { indexMissingTables } from "./catalog/search/index-missing.ts";
import type { OrchestrationConfig } from "./config.ts";
import { checkConfinement } from "./confinement/check-confinement.ts";
import { findConfinement } from "./confinement/find-confinement.ts";
import { createFolderCopies } from "./connectors/database-file/copy-from-folder.ts";
import { createAddressGuard } from "./connectors/network/address-guard.ts";
import { createConnectors } from "./connectors/registry.ts";
import { createQuarantine } from "./crashes/quarantine.ts";
import { createEngine } from "./engine/engine.ts";
import { createMemoryWatch } from "./engine/memory-watch.ts";
import { moveAbandonedExecutions } from "./execution-repository.ts";
import { listenForCancellations } from "./executions/cancellations.ts";
import { createPendingWork } from "./executions/pending-work.ts";
import { permitsOf, schedulerOptionsOf } from "./executions/scheduler-settings.ts";
import { openLentFolder } from "./lent/lent-folder.ts";
import { runProjector } from "./lineage/events/projector.ts";
import { createExecutionRecorder } from "./lineage/execution-recorder.ts";
import { createForwarder } from "./lineage/forward/forwarder.ts";
import { createStatementReader } from "./lineage/sql/statement-reader.ts";
import { holdLivenessLock } from "./locks/liveness-lock.ts";
import { lockFolder } from "./locks/lock-folder.ts";
import { openPreparedFiles } from "./prepared/open-prepared-files.ts";
import { createResultFiles } from "./results/result-files.ts";
import { createFairScheduler } from "./scheduling/fair-scheduler.ts";
import { orchestrationServices } from "./service.ts";
import { createSnapshots } from "./snapshots/snapshots.ts";
import { createSourceProcesses } from "./source-process/source-processes.ts";
import { bindEverySecret, bindSecrets } from "./sources/bind-secrets.ts";
import { createSecrets } from "./sources/secrets.ts";

const service = "orchestration";
const sourceProgram = new URL("connectors/source-process.ts", import.meta.url);
const migrationsFolder = fileURLToPath(new URL("migrations", import.meta.url));
/** Capacity of the cache of storage's files, in bytes. */
const cacheBytesMax = 10 * 1024 ** 3;

/** Runs the orchestration service until `stop` aborts. */
export const run: Run<OrchestrationConfig> = async (config, stop, ready) => {
  const log = createLog(service, config);
  using tls = await openMeshTls(config.meshFiles, log);
  const signer = createSigner(service, config.meshPrivateKey);
  await using database = await openDatabase({ url: config.databaseUrl, service, migrationsFolder });
  const processId = newId();
  await using _folder = await lockFolder(config.databaseUrl, config.dataDirectory);
  await using _liveness = await holdLivenessLock(config.databaseUrl, processId);
  const abandoned = await moveAbandonedExecutions(database.db);
  if (abandoned > 0) log.warn({ abandoned }, "executions of a dead process are cancelled");
  await using cancellations = await listenForCancellations(database, log);
  using policies = createMeshClient(PolicyService, {
    peer: "identity",
    address: config.identityAddress,
    signer,
    tls,
  });
  using blobs = createMeshClient(BlobService, {
    peer: "storage",
    address: config.storageAddress,
    signer,
    tls,
  });
  using resultCache = createMeshClient(ResultCacheService, {
    peer: "storage",
    address: config.storageAddress,
    signer,
    tls,
  });
  const confinement = await findConfinement(config.engineMemory.processBytes);
  checkConfinement(confinement, config.engineProtectionsRequired, log);
  using memory = createMemoryWatch(config.engineMemory);
  await using engine = await createEngine({
    directory: join(config.dataDirectory, "engine"),
    confinement,
    memory,
    log,
    niceness: config.engineNiceness,
  });
  await using processes = createSourceProcesses({
    program: sourceProgram,
    compileCache: join(config.dataDirectory, "code"),
    memory,
    log,
  });
  await using pendingWork = createPendingWork();
  const reader = createStatementReader({
    compileCache: join(config.dataDirectory, "code"),
    memory,
  });
  const forwarder = createForwarder({
    db: database.db,
    log,
    receivers: config.lineageReceivers,
    guard: createAddressGuard(config.lineageAddressAllow),
    processId,
  });
  await using recorder = createExecutionRecorder({ db: database.db, log, reader, forwarder });
  const folder = await openBlobFolder(join(config.dataDirectory, "cache"), cacheBytesMax);
  const secrets = createSecrets(policies, (orgId, signal) => bindSecrets(bindDeps, orgId, signal));
  const quarantine = createQuarantine({ db: database.db, log });
  const prepared = await openPreparedFiles({
    directory: join(config.dataDirectory, "prepared"),
    bytesMax: config.preparedCacheBytes,
    engine,
    quarantine,
  });
  const connectors = await createConnectors({
    engine,
    processes,
    blobs: createBlobCache(blobs, folder, openStorageFolder(config.storageDirectory)),
    fetched: folder,
    folderCopies: createFolderCopies(config.sourceFolders, folder),
    quarantine,
    prepared,
    addressGuard: createAddressGuard(config.sourceAddressAllow),
    resolveSecret: secrets.resolve,
    databaseUrl: config.databaseUrl,
  });
  const bindDeps = { db: database.db, policies, connectors, log };
  await using snapshots = createSnapshots({ log });
  await using resultFiles = createResultFiles(engine.resultsDirectory);
  const deps = {
    db: database.db,
    policies,
    log,
    connectors,
    secrets,
    engine,
    scheduler: createFairScheduler(schedulerOptionsOf(permitsOf(config.engineMemory))),
    cancellations,
    stop,
    pendingWork,
    cachedResults: await openCachedResults({ client: resultCache, config, pendingWork, log }),
    recorder,
    forwarder,
    snapshots,
    quarantine,
    reader,
    resultFiles,
    transferLimits: config.transferLimits,
    lentFolder: await openLentFolder(join(config.dataDirectory, "lent")),
    processId,
  };
  const services = orchestrationServices(deps);
  await using server = await startMeshServer(config, services, { log, tls });
  ready(server.address);
  const indexing = indexMissingTables(database.db, stop).catch((error: unknown) =>
    log.warn({ err: error }, "tables of an earlier version can't be searched until the next start"),
  );
  await Promise.all([
    bindEverySecret(bindDeps, stop),
    indexing,
    runProjector(deps, stop),
    forwarder.run(stop),
    runSchedules({ db: database.db, log, policies, discoverAs: createDiscoverAs(services) }, stop),
    aborted(stop),
  ]);
};
