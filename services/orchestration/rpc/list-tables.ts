import type { MethodImpl } from "@connectrpc/connect";
import type { CatalogService } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { cutPage, pageOf } from "../../lib/rpc/paging.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { toTable } from "../message.ts";
import * as repository from "../table-repository.ts";

export const listTables =
  ({ db }: OrchestrationDeps): MethodImpl<typeof CatalogService.method.listTables> =>
  async (request, context) => {
    const { sourceId, schemaName } = request;
    const page = pageOf(request, [sourceId, schemaName]);
    const found = await repository.listTables(db, scopeOf(context), page, { sourceId, schemaName });
    const { rows, nextPageToken } = cutPage(found, page, ({ tableId }) => tableId);
    return { tables: rows.map(toTable), nextPageToken };
  };
