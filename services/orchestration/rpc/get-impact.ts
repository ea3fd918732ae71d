import type { MethodImpl } from "@connectrpc/connect";
import type { LineageService } from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { entityNotFound } from "../errors.ts";
import { readImpact } from "../lineage/read-impact.ts";

export const getImpact =
  ({ db }: OrchestrationDeps): MethodImpl<typeof LineageService.method.getImpact> =>
  async (request, context) => {
    const impact = await readImpact(db, scopeOf(context), request);
    if (!impact) throw entityNotFound(request.entityId);
    return impact;
  };
