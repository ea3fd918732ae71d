import { CatalogService, type Column, type Table } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { listCommand } from "../command/list.ts";
import { text } from "../command/options.ts";
import { resolveSource } from "../resolve/resolve-source.ts";
import { formatCount } from "../terminal/value.ts";

export const tableName = ({ schemaName, name }: Pick<Table, "schemaName" | "name">): string =>
  schemaName ? `${schemaName}.${name}` : name;

export const formatColumn = ({
  name,
  dataType,
  nullable,
}: Pick<Column, "name" | "dataType" | "nullable">): string =>
  `${name} ${dataType}${nullable ? "" : " not null"}`;

export const tables = listCommand({
  name: "tables",
  summary: "List the tables of the catalog and their columns",
  args: ["[source]"],
  options: { schema: text("name", "only tables of this schema") },
  examples: ["tables", "tables weather", "tables shop --schema public", "tables --namespace lab"],
  service: CatalogService,
  method: CatalogService.method.listTables,
  request: async (call, [source], { schema }) => ({
    sourceId: source === undefined ? "" : await resolveSource(call, source),
    schemaName: schema ?? "",
  }),
  items: (response) => response.tables,
  columns: [
    { title: "id", value: ({ tableId }) => tableId },
    { title: "table", value: (table: Table) => tableName(table) },
    {
      title: "rows",
      align: "right",
      value: ({ rowCount }) => (rowCount === undefined ? "" : formatCount(rowCount)),
    },
    { title: "columns", value: ({ columns }) => columns.map(formatColumn).join(", ") },
  ],
  id: ({ tableId }) => tableId,
});
