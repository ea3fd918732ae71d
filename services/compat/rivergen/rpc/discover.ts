import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import type { CatalogService } from "../../../../gen/compat/rivergen/v1/catalog_pb.ts";
import type { Table } from "../../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { readCatalog } from "../../../lib/clients/read-catalog.ts";
import type { RivergenDeps } from "../deps.ts";
import { succeed } from "../succeed.ts";

export const discover =
  ({ catalog }: RivergenDeps): MethodImpl<typeof CatalogService.method.discover> =>
  async ({ dataSourceId }) => {
    const startMs = Date.now();
    await catalog.discover({ sourceId: dataSourceId });
    const endMs = Date.now();
    const tables = await readCatalog(catalog, dataSourceId);
    const discovery = {
      dataSourceId,
      schemasDiscovered: schemasOf(tables),
      totalTables: tables.length,
      totalColumns: tables.reduce((sum, { columns }) => sum + columns.length, 0),
      discoveredAt: timestampFromMs(endMs),
      discoveryDurationMs: endMs - startMs,
    };
    return succeed(discovery, "Schema discovery completed successfully");
  };

function schemasOf(tables: readonly Table[]): { schemaName: string; tablesCount: number }[] {
  const counts = new Map<string, number>();
  for (const { schemaName } of tables) counts.set(schemaName, (counts.get(schemaName) ?? 0) + 1);
  const sorted = [...counts].sort(([one], [other]) => (one < other ? -1 : 1));
  return sorted.map(([schemaName, tablesCount]) => ({ schemaName, tablesCount }));
}
