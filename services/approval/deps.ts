import type { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import type { CatalogService } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import type { ConnectorService } from "../../gen/sluice/orchestration/v1/connectors_pb.ts";
import type { LineageService } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import type { SourceService } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import type { StagingService } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import type { PackageService } from "../../gen/sluice/staging/v1/packages_pb.ts";
import type { ReleaseService } from "../../gen/sluice/storage/v1/releases_pb.ts";
import type { Db } from "../lib/database/database.ts";
import type { Jobs } from "../lib/jobs/jobs.ts";
import type { MeshClient } from "../lib/mesh/mesh-client.ts";
import type { Logger } from "../lib/telemetry/log.ts";

/** Methods of other services that approval calls. */
export type Peers = {
  readonly sources: Pick<MeshClient<typeof SourceService>, "getSource">;
  readonly connectors: Pick<MeshClient<typeof ConnectorService>, "testConnection">;
  readonly catalog: Pick<MeshClient<typeof CatalogService>, "listTables">;
  readonly lineage: Pick<MeshClient<typeof LineageService>, "recordLineage">;
  readonly staging: Pick<MeshClient<typeof StagingService>, "createJob" | "watchJob" | "getManifest">;
  readonly packages: Pick<MeshClient<typeof PackageService>, "keepJob" | "dropJob">;
  readonly releases: Pick<
    MeshClient<typeof ReleaseService>,
    "publishRelease" | "holdPackageFiles" | "releasePackageFiles"
  >;
  readonly policies: Pick<MeshClient<typeof PolicyService>, "getPrincipal">;
};

/** Dependencies of the handlers and background jobs. */
export type ApprovalDeps = Peers & {
  readonly db: Db;
  readonly jobs: Pick<Jobs, "enqueue">;
  readonly log: Logger;
};
