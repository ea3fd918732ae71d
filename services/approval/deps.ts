import type { SourceService } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import type { Db } from "../lib/database.ts";
import type { MeshClient } from "../lib/mesh-client.ts";

/** What the handlers of approval work with. */
export type ApprovalDeps = {
  readonly db: Db;
  readonly sources: Pick<MeshClient<typeof SourceService>, "getSource">;
};
