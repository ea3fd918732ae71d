import { executionTooLarge } from "../../errors.ts";
import type { DiscoveredColumn, DiscoveredTable } from "../connector.ts";
import type { Ask } from "./session.ts";

/** Tables that one discovery takes. */
const tablesMax = 5000;

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
  if (rows.length > tablesMax) {
    throw executionTooLarge(
      `the source has more than ${tablesMax} tables: name some of its schemas in settings.schemas`,
    );
  }
  return rows.map(({ schemaName, name, rowCount, columns }) => ({
    schemaName,
    name,
    columns: columns as DiscoveredColumn[],
    rowCount: rowCount === null ? undefined : BigInt(rowCount),
  }));
}
