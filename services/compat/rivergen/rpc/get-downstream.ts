import type { MethodImpl } from "@connectrpc/connect";
import type { LineageService } from "../../../../gen/compat/rivergen/v1/lineage_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { toGraph } from "../lineage-message.ts";
import { succeed } from "../succeed.ts";

export const getDownstream =
  ({ lineage }: RivergenDeps): MethodImpl<typeof LineageService.method.getDownstream> =>
  async ({ entityId, depth, column }) => {
    const graph = await lineage.getDownstream({ entityId, depth, column });
    return succeed(toGraph(entityId, graph), "Downstream lineage retrieved successfully");
  };
