import type { RowSecurity, SnapshotTable } from "../../connector.ts";
import { checkReply } from "../../sql/check-reply.ts";
import type { Execute } from "../session/session.ts";
import { rowSecurityReply } from "./replies.ts";

/**
 * `reached` has the relations that the rows come from: the table itself, and recursively the relations of views. A view
 * reads as its owner, or as the session's role with `security_invoker`; a materialized view was filled as its owner.
 * Policies do not apply to superusers, to roles with BYPASSRLS, and to the table's owner unless they are forced.
 */
const rowSecurityOfTable = `
  with recursive reached as (
    select class.oid, class.relkind, class.relowner, class.relrowsecurity, class.relforcerowsecurity, class.reloptions
    , self.oid as reader
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    join pg_roles as self on self.rolname = current_user
    where namespace.nspname = $1 and class.relname = $2
    union
    select class.oid, class.relkind, class.relowner, class.relrowsecurity, class.relforcerowsecurity, class.reloptions
    , case when exists (
        select from pg_options_to_table(reached.reloptions)
        where option_name = 'security_invoker' and option_value::boolean
      ) then self.oid else reached.relowner end
    from reached
    join pg_roles as self on self.rolname = current_user
    join pg_rewrite as rule on rule.ev_class = reached.oid
    join pg_depend as depend on depend.classid = 'pg_rewrite'::regclass and depend.objid = rule.oid
      and depend.refclassid = 'pg_class'::regclass and depend.refobjid <> reached.oid
    join pg_class as class on class.oid = depend.refobjid
    where reached.relkind in ('v', 'm')
  )
  select coalesce(bool_or(reached.relkind in ('r', 'p') and reached.relrowsecurity
    and not (role.rolsuper or role.rolbypassrls)
    and (reached.relforcerowsecurity or not pg_has_role(reached.reader, reached.relowner, 'usage'))), false) as "isActive"
  , coalesce(bool_or(reached.relkind = 'f' or exists (
      select from pg_rewrite as rule
      join pg_depend as depend on depend.classid = 'pg_rewrite'::regclass and depend.objid = rule.oid
        and depend.refclassid = 'pg_proc'::regclass
      join pg_proc as function on function.oid = depend.refobjid
      join pg_language as language on language.oid = function.prolang
      where rule.ev_class = reached.oid and language.lanname not in ('internal', 'c')
    )), false) as "isUnknown"
  from reached
  left join pg_roles as role on role.oid = reached.reader`;

/** Whether policies restrict the rows that the session's role reads. */
export async function readRowSecurity(
  execute: Execute,
  { schemaName, name }: SnapshotTable,
): Promise<RowSecurity> {
  const [row] = await execute(rowSecurityOfTable, [schemaName, name]);
  const { isActive, isUnknown } = checkReply(
    rowSecurityReply,
    row,
    `row-level security of the table ${schemaName}.${name}`,
  );
  if (isActive) return "active";
  return isUnknown ? "unknown" : "inactive";
}
