import type { MethodImpl } from "@connectrpc/connect";
import type { CatalogService } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { deleteSchedule, setSchedule } from "../catalog/schedule/schedule-repository.ts";
import { toSchedule } from "../catalog/schedule-message.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { sourceNotFound } from "../errors.ts";
import { findSourceForUpdate } from "../source-repository.ts";

export const setDiscoverySchedule =
  ({ db }: OrchestrationDeps): MethodImpl<typeof CatalogService.method.setDiscoverySchedule> =>
  async ({ sourceId, intervalMinutes }, context) => {
    const scope = scopeOf(context);
    const row = await db.transaction(async (tx) => {
      if (!(await findSourceForUpdate(tx, scope, sourceId))) throw sourceNotFound(sourceId);
      if (intervalMinutes > 0) return setSchedule(tx, scope, sourceId, intervalMinutes);
      await deleteSchedule(tx, scope, sourceId);
      return undefined;
    });
    return { schedule: toSchedule(sourceId, row) };
  };
