import type { MethodImpl } from "@connectrpc/connect";
import type { LineageService } from "../../../../gen/compat/rivergen/v1/lineage_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { toGraph } from "../lineage-message.ts";
import { succeed } from "../succeed.ts";

export const getUpstream =
  ({ lineage }: RivergenDeps): MethodImpl<typeof LineageService.method.getUpstream> =>
  async ({ entityId, depth, column }) => {
    const graph = await lineage.getUpstream({ entityId, depth, column });
    return succeed(toGraph(entityId, graph), "Upstream lineage retrieved successfully");
  };
