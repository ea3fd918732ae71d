import type { Execute } from "../session/session.ts";

/** Everything with rows that the role may select from: tables, partitioned and foreign tables, views. */
const tablesOfSchemas = `
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
  limit $2::text::int4`;

/** Tables that the role may read, in some schemas or in all but the system's. */
export const listTables = (
  execute: Execute,
  schemas: readonly string[] | undefined,
  tablesMax: number,
): Promise<readonly unknown[]> =>
  Promise.resolve(execute(tablesOfSchemas, [schemas ? JSON.stringify(schemas) : null, String(tablesMax)]));
