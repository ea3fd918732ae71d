import type { MethodImpl } from "@connectrpc/connect";
import type { LineageService } from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { readGraph } from "../lineage/read-graph.ts";

export const getUpstream = (deps: OrchestrationDeps): MethodImpl<typeof LineageService.method.getUpstream> =>
  readGraph(deps, ["upstream"]);
