import type { CatalogService, Table } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import type { MeshClient } from "../mesh/mesh-client.ts";

const pageSize = 1000;

/** Every table of a source in the catalog that the caller may see. */
export async function readCatalog(
  catalog: Pick<MeshClient<typeof CatalogService>, "listTables">,
  sourceId: string,
): Promise<Table[]> {
  const tables: Table[] = [];
  let pageToken = "";
  do {
    const page = await catalog.listTables({ sourceId, pageSize, pageToken, orderBy: "create_time" });
    tables.push(...page.tables);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return tables;
}
