import type { HandlerContext, MethodImpl } from "@connectrpc/connect";
import type { LineageService } from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { entityNotFound } from "../errors.ts";
import { toGraph } from "../lineage/lineage-message.ts";
import type { Direction } from "../lineage/lineage-repository.ts";
import { walk } from "../lineage/walk.ts";

export const getLineage = (deps: OrchestrationDeps): MethodImpl<typeof LineageService.method.getLineage> =>
  answering(deps, ["upstream", "downstream"]);

export const getUpstream = (deps: OrchestrationDeps): MethodImpl<typeof LineageService.method.getUpstream> =>
  answering(deps, ["upstream"]);

export const getDownstream = (
  deps: OrchestrationDeps,
): MethodImpl<typeof LineageService.method.getDownstream> => answering(deps, ["downstream"]);

const answering =
  ({ db }: OrchestrationDeps, directions: readonly Direction[]) =>
  async ({ entityId, depth }: { entityId: string; depth: number }, context: HandlerContext) => {
    const graph = await walk(db, scopeOf(context), entityId, { directions, depth });
    if (!graph) throw entityNotFound(entityId);
    return toGraph(graph);
  };
