import type { MethodImpl } from "@connectrpc/connect";
import type { CatalogService } from "../../../../gen/compat/rivergen/v1/catalog_pb.ts";
import { answeredBy } from "../../answered-by.ts";
import { toTable } from "../catalog-message.ts";
import type { RivergenDeps } from "../deps.ts";
import { searchTooWide } from "../errors.ts";
import { readPage } from "../read-page.ts";
import { succeed } from "../succeed.ts";

export const searchCatalog =
  ({ catalog }: RivergenDeps): MethodImpl<typeof CatalogService.method.searchCatalog> =>
  async (request) => {
    const { query, dataSourceId: sourceId, schemaName } = request;
    const { items, pagination } = await readPage(request, async ({ pageSize, pageToken }) => {
      const found = await catalog.searchCatalog({ query, sourceId, schemaName, pageSize, pageToken });
      // Matches beyond this number are not counted, and the pages end with them.
      if (found.totalSizeExceeded) throw searchTooWide(found.totalSize);
      return { ...found, items: found.matches };
    });
    const matches = items.map(({ table, matchedColumns }) => ({
      table: toTable(answeredBy("orchestration", table)),
      matchedColumns,
    }));
    return succeed({ items: matches, pagination }, "Search completed successfully");
  };
