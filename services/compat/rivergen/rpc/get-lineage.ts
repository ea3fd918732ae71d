import type { MethodImpl } from "@connectrpc/connect";
import type { LineageService } from "../../../../gen/compat/rivergen/v1/lineage_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { toGraph } from "../lineage-message.ts";
import { succeed } from "../succeed.ts";

export const getLineage =
  ({ lineage }: RivergenDeps): MethodImpl<typeof LineageService.method.getLineage> =>
  async ({ entityId, depth, column }) => {
    const graph = await lineage.getLineage({ entityId, depth, column });
    return succeed(toGraph(entityId, graph), "Lineage retrieved successfully");
  };
