import type { LineageService } from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import type { NamespacePolicies } from "../../lib/clients/require-namespace.ts";
import type { MeshClient } from "../../lib/mesh/mesh-client.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import type { UploadDeps } from "../upload/upload-deps.ts";
import type { DownloadCounts } from "./downloads/download-counts.ts";

/** Dependencies of the handlers of models. */
export type ModelDeps = UploadDeps & {
  readonly policies: NamespacePolicies;
  readonly lineage: Pick<MeshClient<typeof LineageService>, "recordLineage">;
  readonly downloads: DownloadCounts;
  readonly modelMaintenance: { wake(): void };
  readonly log: Logger;
};
