import type { TableName } from "../../connector.ts";
import { foreignKeysMax } from "../../sql/check-reply.ts";
import type { Execute } from "../session/session.ts";

/**
 * Everything with rows that the role may select from: tables, partitioned and foreign tables, views. The size is that of the
 * last statistics: functions that look at files wait for locks.
 */
const tablesOfSchemas = `
  select namespace.nspname as "schemaName", class.relname as name
  , case when class.reltuples >= 0 then class.reltuples::int8::text end as "rowCount"
  , columns.list as columns
  , json_build_object(
      'sizeBytes', case when class.reltuples >= 0 and class.relpages >= 0 and class.relkind in ('r', 'm')
        then (class.relpages::int8 * current_setting('block_size')::int8)::text end,
      'comment', left(obj_description(class.oid, 'pg_class'), 4001),
      'columnComments', columns.comments, 'primaryKey', keys.primary_key, 'foreignKeys', keys.foreign_keys
    ) as details
  from pg_class as class
  join pg_namespace as namespace on namespace.oid = class.relnamespace
  cross join lateral (
    select json_agg(json_build_object(
        'name', attribute.attname,
        'dataType', format_type(attribute.atttypid, attribute.atttypmod),
        'nullable', not attribute.attnotnull
      ) order by attribute.attnum) as list
    , json_object_agg(attribute.attname, left(description.description, 1001))
        filter (where description.description is not null) as comments
    from pg_attribute as attribute
    left join pg_description as description on description.classoid = 'pg_class'::regclass
      and description.objoid = class.oid and description.objsubid = attribute.attnum
    where attribute.attrelid = class.oid and attribute.attnum > 0 and not attribute.attisdropped
      and has_column_privilege(class.oid, attribute.attnum, 'select')
  ) as columns
  left join lateral (
    select (json_agg(key.columns) filter (where key.type = 'p')) -> 0 as primary_key
    , json_agg(json_build_object('name', key.name, 'columns', key.columns,
        'referencedSchemaName', key.schema, 'referencedTableName', key.relation,
        'referencedColumns', key.referenced) order by key.name)
        filter (where key.type = 'f' and key.position <= ${foreignKeysMax}) as foreign_keys
    from (
      select key.contype as type, key.conname as name, other_namespace.nspname as schema, other.relname as relation
      , row_number() over (partition by key.contype order by key.conname) as position
      , (select json_agg(attribute.attname order by part.position)
         from unnest(key.conkey) with ordinality as part (number, position)
         join pg_attribute as attribute on attribute.attrelid = key.conrelid and attribute.attnum = part.number
        ) as columns
      , (select json_agg(attribute.attname order by part.position)
         from unnest(key.confkey) with ordinality as part (number, position)
         join pg_attribute as attribute on attribute.attrelid = key.confrelid and attribute.attnum = part.number
        ) as referenced
      from pg_constraint as key
      left join pg_class as other on other.oid = key.confrelid
      left join pg_namespace as other_namespace on other_namespace.oid = other.relnamespace
      where key.conrelid = class.oid and key.contype in ('p', 'f')
    ) as key
  ) as keys on true
  where class.relkind in ('r', 'p', 'v', 'm', 'f')
    and has_schema_privilege(namespace.oid, 'usage')
    and columns.list is not null
    and case when $1::text is null then namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema'
      else namespace.nspname in (select json_array_elements_text($1::text::json)) end
    and ($3::text is null or namespace.nspname = $3::text and class.relname = $4::text)
  order by namespace.nspname, class.relname
  limit $2::text::int4`;

/** Tables that the role may read, in some schemas or in all but the system's; or one of them. */
export const listTables = (
  execute: Execute,
  schemas: readonly string[] | undefined,
  tablesMax: number,
  table: TableName | undefined,
): Promise<readonly unknown[]> =>
  Promise.resolve(
    execute(tablesOfSchemas, [
      schemas ? JSON.stringify(schemas) : null,
      String(tablesMax),
      table?.schemaName ?? null,
      table?.name ?? null,
    ]),
  );
