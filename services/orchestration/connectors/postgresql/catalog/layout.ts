import type { SnapshotTable } from "../../connector.ts";
import { checkReply } from "../../sql/check-reply.ts";
import type { Execute } from "../session/session.ts";
import { columnTypeReply, layoutReply } from "./replies.ts";

/** Physical layout of a table, and the types of its columns. */
export type Layout = {
  /** Pages of the table, or of its largest part; undefined if its rows cannot be selected by page. */
  readonly pages: number | undefined;
  /** Whether the table or a part was rewritten since the snapshot, which then would see no rows. */
  readonly isRewritten: boolean;
  readonly columns: ReadonlyMap<string, BaseType>;
};

/** Type of a column, with domains resolved. */
export type BaseType = {
  /** OID of the type; those of built-in types are fixed. */
  readonly oid: number;
  /** Type modifier: length, or precision and scale; -1 without. */
  readonly modifier: number;
  /** Whether it is an array like `integer[]`. The text format of `int2vector` and the like differs. */
  readonly isArray: boolean;
};

/**
 * The parts of a table are itself, its partitions and its child tables. A range of pages (ctid) selects from each of them.
 * Only the access method `heap` has pages that mean something. The catalogs are read as of the snapshot, while functions
 * that look at files return the current state.
 */
const layoutOfTable = `
  with recursive parts as (
    select class.oid from pg_class as class
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    where namespace.nspname = $1 and class.relname = $2
    union
    select inherits.inhrelid from parts join pg_inherits as inherits on inherits.inhparent = parts.oid
  )
  select case when bool_and(class.relkind = 'p' or class.relkind in ('r', 'm') and method.amname = 'heap') then
      coalesce(max(case when class.relkind in ('r', 'm') then pg_relation_size(class.oid) end), 0)
        / current_setting('block_size')::int8 end::text as pages
  , coalesce(bool_or(class.relkind in ('r', 'm')
      and pg_relation_filenode(class.oid) is distinct from class.relfilenode), false) as "isRewritten"
  from parts
  join pg_class as class on class.oid = parts.oid
  left join pg_am as method on method.oid = class.relam`;

const typesOfColumns = `
  select attribute.attname as name, base.oid::int8::text as oid, base.modifier::text as modifier
  , exists (select from pg_type as element where element.typarray = type.oid) as "isArray"
  from pg_class as class
  join pg_namespace as namespace on namespace.oid = class.relnamespace
  join pg_attribute as attribute on attribute.attrelid = class.oid
  cross join lateral (
    with recursive chain as (
      select attribute.atttypid as oid, attribute.atttypmod as modifier, 0 as depth
      union all
      select type.typbasetype, case when type.typtypmod = -1 then chain.modifier else type.typtypmod end
      , chain.depth + 1
      from chain join pg_type as type on type.oid = chain.oid and type.typtype = 'd'
    )
    select oid, modifier from chain order by depth desc limit 1
  ) as base
  join pg_type as type on type.oid = base.oid
  where namespace.nspname = $1 and class.relname = $2 and attribute.attnum > 0 and not attribute.attisdropped`;

export async function readLayout(execute: Execute, { schemaName, name }: SnapshotTable): Promise<Layout> {
  const [row] = await execute(layoutOfTable, [schemaName, name]);
  const types = await execute(typesOfColumns, [schemaName, name]);
  const { pages, isRewritten } = checkReply(layoutReply, row, `layout of the table ${schemaName}.${name}`);
  const columns = types.map((type) =>
    checkReply(columnTypeReply, type, `columns of the table ${schemaName}.${name}`),
  );
  return {
    pages: pages ?? undefined,
    isRewritten,
    columns: new Map(columns.map(({ name: column, ...type }) => [column, type])),
  };
}
