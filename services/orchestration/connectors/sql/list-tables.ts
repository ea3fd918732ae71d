import { executionTooLarge, sourceDataInvalid } from "../../errors.ts";
import type { DiscoveredColumn, DiscoveredTable } from "../connector.ts";
import { checkAnswer, tableAnswer } from "../postgresql/answers.ts";
import type { Ask } from "../postgresql/session.ts";

/** Tables that one discovery takes. */
const tablesMax = 20_000;
/** What they take in the answer, in bytes, which has to fit into one message. */
const catalogBytesMax = 12 * 1024 * 1024;
/** What a table and a column take in the answer beside their names, in bytes. */
const tableBytes = 160;
const columnBytes = 16;

/** Everything with rows that the role may select from: tables, partitioned and foreign ones, views. */
const listTables = `
  select namespace.nspname as "schemaName", class.relname as name
  , case when class.reltuples >= 0 then class.reltuples::int8::text end as "rowCount"
  , columns.list as columns
  from pg_class as class
  join pg_namespace as namespace on namespace.oid = class.relnamespace
  cross join lateral (
    select json_agg(json_build_object(
        'name', attribute.attname,
        'dataType', format_type(attribute.atttypid, attribute.atttypmod),
        'nullable', not attribute.attnotnull
      ) order by attribute.attnum) as list
    from pg_attribute as attribute
    where attribute.attrelid = class.oid and attribute.attnum > 0 and not attribute.attisdropped
      and has_column_privilege(class.oid, attribute.attnum, 'select')
  ) as columns
  where class.relkind in ('r', 'p', 'v', 'm', 'f')
    and has_schema_privilege(namespace.oid, 'usage')
    and columns.list is not null
    and case when $1::text is null then namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema'
      else namespace.nspname in (select json_array_elements_text($1::text::json)) end
  order by namespace.nspname, class.relname
  limit ${tablesMax + 1}`;

/** The tables that the role may read; of `schemas`, or of all but the system's. */
export async function discoverTables(
  ask: Ask,
  schemas: readonly string[] | undefined,
): Promise<DiscoveredTable[]> {
  const rows = await ask(listTables, [schemas ? JSON.stringify(schemas) : null]);
  if (rows.length > tablesMax) throw tooMany(`more than ${tablesMax} tables`);
  const tables = rows.map((row, index) => checkAnswer(tableAnswer, row, `list of tables, at ${index},`));
  refuseSameTwice(tables);
  if (tables.reduce((sum, table) => sum + bytesOf(table), 0) > catalogBytesMax) {
    throw tooMany(`tables whose columns take more than ${catalogBytesMax / 1024 ** 2} MiB`);
  }
  return tables;
}

function refuseSameTwice(tables: readonly DiscoveredTable[]): void {
  const known = new Set<string>();
  for (const { schemaName, name } of tables) {
    const key = JSON.stringify([schemaName, name]);
    if (known.has(key)) {
      throw sourceDataInvalid(`the source lists the table ${schemaName}.${name} twice`);
    }
    known.add(key);
  }
}

/** What a table takes in the answer, in bytes. */
export const bytesOf = ({ schemaName, name, columns }: DiscoveredTable): number =>
  columns.reduce(addColumn, tableBytes + Buffer.byteLength(schemaName) + Buffer.byteLength(name));

const addColumn = (sum: number, { name, dataType }: DiscoveredColumn): number =>
  sum + columnBytes + Buffer.byteLength(name) + Buffer.byteLength(dataType);

const tooMany = (what: string) =>
  executionTooLarge(`the source has ${what}: name some of its schemas in settings.schemas`);
