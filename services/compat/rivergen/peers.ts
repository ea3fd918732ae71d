import type { DescService } from "@bufbuild/protobuf";
import { CatalogService } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { ConnectorService } from "../../../gen/sluice/orchestration/v1/connectors_pb.ts";
import { ExecutionService } from "../../../gen/sluice/orchestration/v1/executions_pb.ts";
import { LineageService } from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { StagingService } from "../../../gen/sluice/staging/v1/jobs_pb.ts";
import { CacheService } from "../../../gen/sluice/storage/v1/cache_pb.ts";
import { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { LifecycleService } from "../../../gen/sluice/storage/v1/lifecycle_pb.ts";
import { ModelService } from "../../../gen/sluice/storage/v1/models_pb.ts";
import { QuotaService } from "../../../gen/sluice/storage/v1/quota_pb.ts";
import { VectorService } from "../../../gen/sluice/storage/v1/vectors_pb.ts";
import type { MeshClient } from "../../lib/mesh/mesh-client.ts";
import type { RivergenPeers } from "./deps.ts";
import type { RivergenConfig } from "./settings.ts";

type Connect = <S extends DescService>(service: S, peer: string, address: string) => MeshClient<S>;

/** Clients of the services that RiverGen's API calls. */
export function connectRivergenPeers(config: RivergenConfig, connect: Connect): RivergenPeers {
  const orchestration = <S extends DescService>(service: S) =>
    connect(service, "orchestration", config.orchestrationAddress);
  const storage = <S extends DescService>(service: S) => connect(service, "storage", config.storageAddress);
  return {
    executions: orchestration(ExecutionService),
    connectors: orchestration(ConnectorService),
    catalog: orchestration(CatalogService),
    lineage: orchestration(LineageService),
    files: storage(FileService),
    quotas: storage(QuotaService),
    vectors: storage(VectorService),
    cache: storage(CacheService),
    lifecycle: storage(LifecycleService),
    models: storage(ModelService),
    jobs: connect(StagingService, "staging", config.stagingAddress),
  };
}
