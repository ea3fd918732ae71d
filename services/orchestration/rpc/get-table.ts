import type { MethodImpl } from "@connectrpc/connect";
import type { CatalogService } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { toTable } from "../catalog/catalog-message.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { tableNotFound } from "../errors.ts";
import * as repository from "../table-repository.ts";

export const getTable =
  ({ db }: OrchestrationDeps): MethodImpl<typeof CatalogService.method.getTable> =>
  async ({ tableId }, context) => {
    const row = await repository.findTable(db, scopeOf(context), tableId);
    if (!row) throw tableNotFound(tableId);
    return { table: toTable(row) };
  };
