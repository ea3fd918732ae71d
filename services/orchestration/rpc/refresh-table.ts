import type { MethodImpl } from "@connectrpc/connect";
import type { CatalogService } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { toTable, toTableChange } from "../catalog/catalog-message.ts";
import { discoverTables } from "../catalog/discover-tables.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { tableNotFound } from "../errors.ts";
import { findTable } from "../table-repository.ts";

export const refreshTable =
  (deps: OrchestrationDeps): MethodImpl<typeof CatalogService.method.refreshTable> =>
  async ({ tableId }, context) => {
    const scope = scopeOf(context);
    const known = await findTable(deps.db, scope, tableId);
    if (!known) throw tableNotFound(tableId);
    const { sourceId, schemaName, name } = known;
    const { changed } = await discoverTables(deps, context, {
      sourceId,
      table: { tableId, schemaName, name },
    });
    const row = await findTable(deps.db, scope, tableId);
    if (!row) throw tableNotFound(tableId);
    const [change] = changed;
    return { table: toTable(row), ...(change && { change: toTableChange(change) }) };
  };
