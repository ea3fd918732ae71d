import type { EncodedValue } from "../../../results/encoded-value.ts";
import type { Session } from "../session/session.ts";
import { readAll } from "./read-all.ts";

const systemSchemas = ["information_schema", "mysql", "performance_schema", "sys"];

/** The schemas of the source's settings, or all but the system's. */
const inSchemas = (
  schemas: readonly string[] | undefined,
): { condition: string; names: readonly string[] } => {
  const names = schemas ?? systemSchemas;
  const list = names.map(() => "?").join(", ");
  return { condition: `table_schema ${schemas ? "in" : "not in"} (${list})`, names };
};

/** What `show tables` shows as tables and views. */
const tablesOf = (condition: string) => `
  select table_schema, table_name, cast(table_rows as char)
  from information_schema.tables
  where ${condition} and table_type in ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW')
  order by table_schema, table_name
  limit ?`;

/** The list of an enum's values can be longer than a type's name may be. */
const columnsOf = (condition: string) => `
  select table_schema, table_name, column_name, is_nullable
  , case when data_type in ('enum', 'set') then data_type else column_type end
  from information_schema.columns
  where ${condition}
  order by table_schema, table_name, ordinal_position`;

type Column = { readonly name: EncodedValue; readonly dataType: EncodedValue; readonly nullable: boolean };

/**
 * Tables that the login may read, in some schemas or in all but the system's. The two lists are joined here: the server
 * would compare each table with each column.
 */
export async function listTables(
  session: Session,
  schemas: readonly string[] | undefined,
  tablesMax: number,
): Promise<readonly unknown[]> {
  const { condition, names } = inSchemas(schemas);
  const tables = await readAll(session, tablesOf(condition), [...names, BigInt(tablesMax)]);
  const columns = new Map<string, Column[]>();
  for (const [schema, table, name, nullable, dataType] of await readAll(
    session,
    columnsOf(condition),
    names,
  )) {
    const key = JSON.stringify([schema, table]);
    const list = columns.get(key) ?? [];
    list.push({ name: name ?? "", dataType: dataType ?? "", nullable: nullable === "YES" });
    columns.set(key, list);
  }
  const wanted = schemas && new Set<EncodedValue>(schemas);
  return tables.flatMap(([schemaName = null, name = null, rowCount]) => {
    const found = columns.get(JSON.stringify([schemaName, name]));
    // The server compares names without their case, and lists views that it can't read without columns.
    if (!found || wanted?.has(schemaName) === false) return [];
    return [{ schemaName, name, columns: found, ...(rowCount != null && { rowCount }) }];
  });
}
