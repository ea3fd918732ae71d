import { fileURLToPath } from "node:url";
import type { DescService } from "@bufbuild/protobuf";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { CatalogService } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { ExtractService } from "../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { LineageService } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { SourceService } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { openDatabase } from "../lib/database/database.ts";
import { openJobs } from "../lib/jobs/jobs.ts";
import { createMeshClient } from "../lib/mesh/mesh-client.ts";
import type { MeshTls } from "../lib/mesh/mesh-tls.ts";
import { createSigner } from "../lib/rpc/principal.ts";
import type { Logger } from "../lib/telemetry/log.ts";
import { watchChanges } from "./changes.ts";
import type { WorkerConfig } from "./config.ts";
import type { StagingDeps } from "./deps.ts";

const service = "staging";
const migrationsFolder = fileURLToPath(new URL("migrations", import.meta.url));

/** Opens the dependencies of the service and its workers. The stack closes them. */
export async function openDeps(
  stack: AsyncDisposableStack,
  config: WorkerConfig,
  { log, tls }: { log: Logger; tls: MeshTls | undefined },
): Promise<StagingDeps> {
  const { databaseUrl: url, identityAddress, storageAddress, orchestrationAddress } = config;
  const signer = createSigner(service, config.meshPrivateKey);
  const client = <S extends DescService>(described: S, peer: string, address: string) =>
    stack.use(createMeshClient(described, { peer, address, signer, tls }));
  const database = stack.use(await openDatabase({ url, service, migrationsFolder }));
  const { db, listen } = database;
  return {
    db,
    log,
    changes: stack.use(await watchChanges(database)),
    policies: client(PolicyService, "identity", identityAddress),
    blobs: client(BlobService, "storage", storageAddress),
    sources: client(SourceService, "orchestration", orchestrationAddress),
    catalog: client(CatalogService, "orchestration", orchestrationAddress),
    extracts: client(ExtractService, "orchestration", orchestrationAddress),
    lineage: client(LineageService, "orchestration", orchestrationAddress),
    jobs: stack.use(await openJobs({ url, service, log, listen })),
  };
}
