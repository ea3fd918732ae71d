import type { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import type { CatalogService } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import type { ExtractService } from "../../gen/sluice/orchestration/v1/extracts_pb.ts";
import type { LineageService } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import type { SourceService } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import type { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import type { Db } from "../lib/database/database.ts";
import type { Jobs } from "../lib/jobs/jobs.ts";
import type { MeshClient } from "../lib/mesh/mesh-client.ts";
import type { Logger } from "../lib/telemetry/log.ts";
import type { Changes } from "./changes.ts";

/** Dependencies of handlers and workers. */
export type StagingDeps = {
  readonly db: Db;
  readonly jobs: Jobs;
  readonly log: Logger;
  readonly changes: Changes;
  readonly policies: Pick<MeshClient<typeof PolicyService>, "getPrincipal">;
  readonly sources: Pick<MeshClient<typeof SourceService>, "getSource">;
  readonly catalog: Pick<MeshClient<typeof CatalogService>, "listTables">;
  readonly extracts: MeshClient<typeof ExtractService>;
  readonly lineage: Pick<MeshClient<typeof LineageService>, "recordLineage">;
  readonly blobs: Pick<MeshClient<typeof BlobService>, "putBlob" | "adoptBlob" | "deleteBlobs" | "signBlobs">;
};
