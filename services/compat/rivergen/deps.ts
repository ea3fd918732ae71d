import type { CatalogService } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import type { ConnectorService } from "../../../gen/sluice/orchestration/v1/connectors_pb.ts";
import type { ExecutionService } from "../../../gen/sluice/orchestration/v1/executions_pb.ts";
import type { LineageService } from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import type { StagingService } from "../../../gen/sluice/staging/v1/jobs_pb.ts";
import type { CacheService } from "../../../gen/sluice/storage/v1/cache_pb.ts";
import type { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import type { LifecycleService } from "../../../gen/sluice/storage/v1/lifecycle_pb.ts";
import type { ModelService } from "../../../gen/sluice/storage/v1/models_pb.ts";
import type { QuotaService } from "../../../gen/sluice/storage/v1/quota_pb.ts";
import type { VectorService } from "../../../gen/sluice/storage/v1/vectors_pb.ts";
import type { MeshClient } from "../../lib/mesh/mesh-client.ts";

/** Services of Sluice that RiverGen's API calls. */
export type RivergenPeers = {
  readonly executions: MeshClient<typeof ExecutionService>;
  readonly connectors: MeshClient<typeof ConnectorService>;
  readonly catalog: MeshClient<typeof CatalogService>;
  readonly lineage: MeshClient<typeof LineageService>;
  readonly files: MeshClient<typeof FileService>;
  readonly quotas: MeshClient<typeof QuotaService>;
  readonly vectors: MeshClient<typeof VectorService>;
  readonly cache: MeshClient<typeof CacheService>;
  readonly lifecycle: MeshClient<typeof LifecycleService>;
  readonly models: MeshClient<typeof ModelService>;
  readonly jobs: MeshClient<typeof StagingService>;
};

/** Dependencies of the handlers. */
export type RivergenDeps = RivergenPeers & {
  /** Whether jobs are staged; otherwise each call of staging is refused. */
  readonly stages: boolean;
};
