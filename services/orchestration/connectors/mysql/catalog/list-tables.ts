import type { EncodedValue } from "../../../results/encoded-value.ts";
import type { Session } from "../session/session.ts";
import { listKeys } from "./list-keys.ts";
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
  select table_schema, table_name, cast(table_rows as char), cast(data_length as char)
  , case when table_type = 'VIEW' then '' else left(table_comment, 4001) end
  from information_schema.tables
  where ${condition} and table_type in ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW')
  order by table_schema, table_name
  limit ?`;

/** The list of an enum's values can be longer than a type's name may be. */
const columnsOf = (condition: string) => `
  select table_schema, table_name, column_name, is_nullable
  , case when data_type in ('enum', 'set') then data_type else column_type end
  , left(column_comment, 1001)
  from information_schema.columns
  where ${condition}
  order by table_schema, table_name, ordinal_position`;

type Column = { readonly name: EncodedValue; readonly dataType: EncodedValue; readonly nullable: boolean };
type Columns = { readonly list: Column[]; readonly comments: Map<string, EncodedValue> };

/**
 * Tables that the login may read, in some schemas or in all but the system's. The lists are joined here: the server
 * would compare each table with each column.
 */
export async function listTables(
  session: Session,
  schemas: readonly string[] | undefined,
  tablesMax: number,
): Promise<readonly unknown[]> {
  const { condition, names } = inSchemas(schemas);
  const tables = await readAll(session, tablesOf(condition), [...names, BigInt(tablesMax)]);
  const columns = await listColumns(session, columnsOf(condition), names);
  const keys = await listKeys(session, condition, names);
  const wanted = schemas && new Set<EncodedValue>(schemas);
  return tables.flatMap(([schemaName = null, name = null, rowCount, sizeBytes, comment]) => {
    const id = JSON.stringify([schemaName, name]);
    const found = columns.get(id);
    // The server compares names without their case, and lists views that it can't read without columns.
    if (!found || wanted?.has(schemaName) === false) return [];
    const columnComments = Object.fromEntries(found.comments);
    const details = { sizeBytes, comment, columnComments, ...keys.get(id) };
    return [{ schemaName, name, columns: found.list, ...(rowCount != null && { rowCount }), details }];
  });
}

async function listColumns(session: Session, sql: string, names: readonly string[]) {
  const columns = new Map<string, Columns>();
  for (const [schema, table, name, nullable, dataType, comment] of await readAll(session, sql, names)) {
    const id = JSON.stringify([schema, table]);
    const found: Columns = columns.get(id) ?? { list: [], comments: new Map() };
    found.list.push({ name: name ?? "", dataType: dataType ?? "", nullable: nullable === "YES" });
    if (comment) found.comments.set(String(name), comment);
    columns.set(id, found);
  }
  return columns;
}
