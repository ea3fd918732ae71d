import type { MethodImpl } from "@connectrpc/connect";
import type { CatalogService } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { narrow } from "../../lib/database/scope.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { toTable } from "../catalog/catalog-message.ts";
import type { OrchestrationDeps } from "../deps.ts";
import * as repository from "../table-repository.ts";

export const listTables =
  ({ db }: OrchestrationDeps): MethodImpl<typeof CatalogService.method.listTables> =>
  async (request, context) => {
    const { sourceId, schemaName, namespace, showDeleted } = request;
    const scope = narrow(scopeOf(context), namespace);
    const filter = { sourceId, schemaName, showDeleted };
    const { rows, ...page } = await repository.listTables(db, scope, request, filter);
    return { tables: rows.map(toTable), ...page };
  };
