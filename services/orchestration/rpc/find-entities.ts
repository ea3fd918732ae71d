import type { MethodImpl } from "@connectrpc/connect";
import type { LineageService } from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { toNode } from "../lineage/lineage-message.ts";
import { listEntitiesByName } from "../lineage/lineage-repository.ts";

export const findEntities =
  ({ db }: OrchestrationDeps): MethodImpl<typeof LineageService.method.findEntities> =>
  async ({ namespace, name }, context) => {
    const rows = await listEntitiesByName(db, scopeOf(context), namespace, name);
    return { nodes: rows.map(toNode) };
  };
