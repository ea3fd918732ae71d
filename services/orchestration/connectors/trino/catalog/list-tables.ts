import type { TableName } from "../../connector.ts";
import { quoteName, quoteText } from "../quote.ts";
import type { Session } from "../session/session.ts";

type Column = { readonly name: string; readonly dataType: string; readonly nullable: boolean };

/** Tables that the user may read, in some schemas or in all of the catalog. */
export async function listTables(
  session: Session,
  schemas: readonly string[] | undefined,
  tablesMax: number,
  table: TableName | undefined,
): Promise<readonly unknown[]> {
  const names = table ? [table.schemaName] : schemas;
  const conditions = [
    names ? `table_schema in (${names.map(quoteText).join(", ")})` : "table_schema <> 'information_schema'",
    ...(table ? [`table_name = ${quoteText(table.name)}`] : []),
  ];
  const rows = await session.readAll(`
    select table_schema, table_name, column_name, data_type, is_nullable
    from ${quoteName(session.login.settings.catalog)}.information_schema.columns
    where ${conditions.join(" and ")}
    order by table_schema, table_name, ordinal_position`);
  const tables = new Map<string, { schemaName: string; name: string; columns: Column[] }>();
  for (const row of rows) {
    const [schemaName = "", name = "", columnName = "", dataType = "", nullable = ""] = row.map(plainText);
    const id = JSON.stringify([schemaName, name]);
    const found = tables.get(id) ?? { schemaName, name, columns: [] };
    found.columns.push({ name: columnName, dataType, nullable: nullable === "YES" });
    tables.set(id, found);
  }
  return [...tables.values()].slice(0, tablesMax);
}

/** What is no text is checked as the empty one. */
function plainText(cell: string): string {
  const value: unknown = JSON.parse(cell);
  return typeof value === "string" ? value : "";
}
