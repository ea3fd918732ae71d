import type { MethodImpl } from "@connectrpc/connect";
import type { CatalogService } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { toTable, toTableChange } from "../catalog/catalog-message.ts";
import { discoverTables } from "../catalog/discover-tables.ts";
import type { OrchestrationDeps } from "../deps.ts";

export const discover =
  (deps: OrchestrationDeps): MethodImpl<typeof CatalogService.method.discover> =>
  async ({ sourceId }, context) => {
    const { added, changed, removed, unchangedCount } = await discoverTables(deps, context, { sourceId });
    return {
      added: added.map(toTable),
      changed: changed.map(({ row }) => toTable(row)),
      removed: removed.map(toTable),
      unchangedCount,
      changes: changed.map(toTableChange),
    };
  };
