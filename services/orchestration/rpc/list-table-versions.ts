import type { MethodImpl } from "@connectrpc/connect";
import type { CatalogService } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { toTableVersion } from "../catalog/catalog-message.ts";
import * as repository from "../catalog/version-repository.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { tableNotFound } from "../errors.ts";
import { findTable } from "../table-repository.ts";

export const listTableVersions =
  ({ db }: OrchestrationDeps): MethodImpl<typeof CatalogService.method.listTableVersions> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const table = await findTable(db, scope, request.tableId);
    if (!table) throw tableNotFound(request.tableId);
    const { rows, ...page } = await repository.listTableVersions(db, scope, table.tableId, request);
    return { versions: rows.map(toTableVersion), ...page };
  };
