import type { MethodImpl } from "@connectrpc/connect";
import type { CatalogService } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { findSchedule } from "../catalog/schedule/schedule-repository.ts";
import { toSchedule } from "../catalog/schedule-message.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { sourceNotFound } from "../errors.ts";
import { findSource } from "../source-repository.ts";

export const getDiscoverySchedule =
  ({ db }: OrchestrationDeps): MethodImpl<typeof CatalogService.method.getDiscoverySchedule> =>
  async ({ sourceId }, context) => {
    const scope = scopeOf(context);
    if (!(await findSource(db, scope, sourceId))) throw sourceNotFound(sourceId);
    return { schedule: toSchedule(sourceId, await findSchedule(db, scope, sourceId)) };
  };
