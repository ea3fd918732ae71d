import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import type { CatalogService } from "../../../../gen/compat/rivergen/v1/catalog_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { succeed } from "../succeed.ts";

const pageSize = 1000;

export const discover =
  (deps: RivergenDeps): MethodImpl<typeof CatalogService.method.discover> =>
  async ({ dataSourceId }) => {
    const startMs = Date.now();
    await deps.catalog.discover({ sourceId: dataSourceId });
    const endMs = Date.now();
    const { columnCount, tableCounts } = await countTables(deps, dataSourceId);
    const discovery = {
      dataSourceId,
      schemasDiscovered: schemasOf(tableCounts),
      totalTables: [...tableCounts.values()].reduce((sum, count) => sum + count, 0),
      totalColumns: columnCount,
      discoveredAt: timestampFromMs(endMs),
      discoveryDurationMs: endMs - startMs,
    };
    return succeed(discovery, "Schema discovery completed successfully");
  };

/** Counts page by page: a data source can have more tables than memory should hold. */
async function countTables({ catalog }: RivergenDeps, sourceId: string) {
  const tableCounts = new Map<string, number>();
  let [columnCount, pageToken] = [0, ""];
  do {
    const page = await catalog.listTables({ sourceId, pageSize, pageToken, orderBy: "create_time" });
    for (const { schemaName, columns } of page.tables) {
      tableCounts.set(schemaName, (tableCounts.get(schemaName) ?? 0) + 1);
      columnCount += columns.length;
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return { tableCounts, columnCount };
}

const schemasOf = (tableCounts: ReadonlyMap<string, number>) =>
  [...tableCounts]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([schemaName, tablesCount]) => ({ schemaName, tablesCount }));
