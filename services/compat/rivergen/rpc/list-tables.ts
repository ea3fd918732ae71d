import type { MethodImpl } from "@connectrpc/connect";
import type { CatalogService } from "../../../../gen/compat/rivergen/v1/catalog_pb.ts";
import { toTable } from "../catalog-message.ts";
import type { RivergenDeps } from "../deps.ts";
import { readPage } from "../read-page.ts";
import { succeed } from "../succeed.ts";

export const listTables =
  ({ catalog }: RivergenDeps): MethodImpl<typeof CatalogService.method.listTables> =>
  async (request) => {
    const { dataSourceId: sourceId, schemaName } = request;
    const { items, pagination } = await readPage(request, async (read) => {
      const { tables, ...page } = await catalog.listTables({ ...read, sourceId, schemaName });
      return { ...page, items: tables };
    });
    return succeed({ items: items.map(toTable), pagination }, "Tables retrieved successfully");
  };
