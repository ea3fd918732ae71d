import { ErrorReason } from "../../../../../gen/sluice/common/v1/errors_pb.ts";
import { hasReason } from "../../../../lib/rpc/errors.ts";
import { foreignKeysMax } from "../../sql/check-reply.ts";
import type { Database } from "../database/open-database.ts";
import type { ColumnTypes } from "../settings.ts";
import { literal, noSuchName } from "./catalog.ts";

/** Type of a column without a declared one. */
const anyType = "ANY";
const schemaName = "main";

/** Hidden columns of virtual tables have 1; generated ones are like others. */
const isVisible = "hidden <> 1";

type Value = ReturnType<Database["rows"]>[number][number];
type Column = { readonly name: Value; readonly dataType: Value; readonly nullable: boolean };
type Listed = { readonly name: Value; readonly columns: Column[]; readonly primaryKey: Value[] };

export function listTables(database: Database, tablesMax: number, columnTypes: ColumnTypes): unknown[] {
  const tables = database.rows(
    `select name, type from pragma_table_list
     where schema = 'main' and type in ('table', 'view', 'virtual') and name not like 'sqlite!_%' escape '!'
     order by name limit ${tablesMax}`,
  );
  const names = new Set(tables.map(([name]) => name));
  const unknown = Object.keys(columnTypes).find((name) => !names.has(name));
  if (unknown !== undefined) throw noSuchName(`the table ${JSON.stringify(unknown)}`);
  const listed = tables.flatMap(([name = null, type]) => {
    const described = describeColumns(database, String(name), type !== "table");
    return described ? [{ name, ...described }] : [];
  });
  const byName = new Map(listed.map((table) => [fold(table.name), table]));
  return listed.map(({ name, columns, primaryKey }) => ({
    schemaName,
    name,
    columns,
    details: { primaryKey, foreignKeys: foreignKeysOf(database, String(name), byName) },
  }));
}

/** Undefined for a view or virtual table that refers to what there is not. */
function describeColumns(database: Database, table: string, mayBeBroken: boolean) {
  try {
    const rows = database.rows(
      `select name, type, [notnull], pk from pragma_table_xinfo(${literal(table)}) where ${isVisible}`,
    );
    const columns = rows.map(([name = null, type, notNull]) => ({
      name,
      dataType: type === "" || type == null ? anyType : type,
      nullable: notNull === 0n,
    }));
    const primaryKey = rows
      .filter(([, , , position]) => position !== 0n)
      .toSorted(([, , , one], [, , , other]) => Number(one) - Number(other))
      .map(([name = null]) => name);
    return { columns, primaryKey };
  } catch (error) {
    if (mayBeBroken && hasReason(error, ErrorReason.SOURCE_DATA_INVALID)) return undefined;
    throw error;
  }
}

/** SQLite checks no name in a key when it is declared. Keys to what there is not are left out. */
function foreignKeysOf(database: Database, table: string, tables: ReadonlyMap<string, Listed>) {
  const rows = database.rows(
    `select id, [table], [from], [to] from pragma_foreign_key_list(${literal(table)})
     where id < ${foreignKeysMax} order by id, seq`,
  );
  const ids = [...new Set(rows.map(([id]) => id))];
  return ids.flatMap((id) => {
    const parts = rows.filter(([of]) => of === id);
    const other = tables.get(fold(parts[0]?.[1]));
    if (!other) return [];
    const known = new Map(other.columns.map(({ name }) => [fold(name), name]));
    // A key that names no columns refers to the other table's primary key.
    const referencedColumns = parts.map(([, , , to], index) =>
      to === null ? other.primaryKey[index] : known.get(fold(to)),
    );
    if (referencedColumns.includes(undefined)) return [];
    return [
      {
        name: "",
        columns: parts.map(([, , from]) => from),
        referencedSchemaName: schemaName,
        referencedTableName: other.name,
        referencedColumns,
      },
    ];
  });
}

/** SQLite compares names without the case of ASCII letters. */
const fold = (name: unknown): string => String(name).replace(/[A-Z]/g, (letter) => letter.toLowerCase());
