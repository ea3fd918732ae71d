import { type SQL, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { everywhere, ownerIn } from "../../lib/database/scope.ts";
import type { Amount, Usage } from "./amount.ts";
import { namespaceQuotas, quotas } from "./quota-schema.ts";

// The organisation's row is the lock of all of its counters: each function that changes some locks it first. So the rows of
// namespaces need no order.

/** Changes of the counters of one namespace, which are those of its organisation, too. Negative amounts are taken off. */
export type UsageChange = {
  readonly namespace: string;
  readonly used?: Amount;
  readonly reserved?: Amount;
};

/** State of an organisation, and of the namespaces that were asked for, in any order. */
export type OrgUsage = { readonly org: Usage; readonly namespaces: readonly Usage[] };

/** Default quota of an organisation, in bytes. The contract states it. */
export const limitBytesDefault = 2 ** 40;

const unused = {
  limitFiles: null,
  warnBytes: null,
  warnFiles: null,
  usedBytes: 0,
  reservedBytes: 0,
  fileCount: 0,
  reservedFiles: 0,
};

/**
 * The usage now, without a lock. What running uploads hold in advance counts as free: it is taken from them if others need
 * it.
 */
export async function findUsage(db: Db, orgId: string, namespaces: readonly string[]): Promise<OrgUsage> {
  const { org, known } = toOrgUsage(
    await db.execute<CounterRow>(sql`
      select null as namespace, ${counters}, (
        select sum(reserved_bytes - covered_bytes) from storage.reservations where org_id = q.org_id
      ) as advance_bytes
      from storage.quotas as q where org_id = ${orgId}
      union all
      select namespace, ${counters}, (
        select sum(reserved_bytes - covered_bytes) from storage.reservations
        where org_id = q.org_id and namespace = q.namespace
      )
      from storage.namespace_quotas as q where org_id = ${orgId} and namespace in (${namesOf(namespaces)})`),
  );
  return {
    org: org ?? { namespace: null, limitBytes: limitBytesDefault, ...unused },
    namespaces: namespaces.map(
      (namespace) => known.get(namespace) ?? { namespace, limitBytes: null, ...unused },
    ),
  };
}

/** The usage, locked until the transaction ends. Creates missing rows. */
export async function lockUsage(tx: Db, orgId: string, namespaces: readonly string[]): Promise<OrgUsage> {
  const { org, known } = toOrgUsage(
    await tx.execute<CounterRow>(sql`
      with org as (
        select org_id, null as namespace, ${counters} from storage.quotas as q where org_id = ${orgId} for update
      ),
      namespaces as (
        -- Joined, so that the organisation's row is locked first. Locked, so that the rows are those of now.
        select q.org_id, q.namespace, ${counters} from storage.namespace_quotas as q join org using (org_id)
        where q.namespace in (${namesOf(namespaces)}) for update of q
      )
      select * from org union all select * from namespaces`),
  );
  if (org && namespaces.every((namespace) => known.has(namespace))) {
    return { org, namespaces: [...known.values()] };
  }
  await tx.insert(quotas).values({ orgId, limitBytes: limitBytesDefault }).onConflictDoNothing();
  if (namespaces.length > 0) {
    // Locked first: others insert under the lock.
    await lockUsage(tx, orgId, []);
    const owners = namespaces.map((namespace) => ownerIn(everywhere({ orgId }), namespace));
    await tx.insert(namespaceQuotas).values(owners).onConflictDoNothing();
  }
  return lockUsage(tx, orgId, namespaces);
}

/**
 * Changes counters whatever the limits say, and returns their new state. The row of a namespace that was deleted in the
 * meantime is missing: then the organisation's counters alone change.
 */
export async function changeUsage(tx: Db, orgId: string, changes: readonly UsageChange[]): Promise<OrgUsage> {
  const rows = await tx.execute<CounterRow>(sql`
    with given as (${recordsOf(changes)}),
    org as (
      update storage.quotas as q set
        used_bytes = q.used_bytes + total.used_bytes,
        file_count = q.file_count + total.used_files,
        reserved_bytes = q.reserved_bytes + total.reserved_bytes,
        reserved_files = q.reserved_files + total.reserved_files
      from (${totalOf}) as total
      where q.org_id = ${orgId}
      returning null as namespace, ${counters}
    ),
    namespaces as (
      update storage.namespace_quotas as q set
        used_bytes = q.used_bytes + given.used_bytes,
        file_count = q.file_count + given.used_files,
        reserved_bytes = q.reserved_bytes + given.reserved_bytes,
        reserved_files = q.reserved_files + given.reserved_files
      -- Joined, so that the organisation's row is locked first.
      from given, org
      where q.org_id = ${orgId} and q.namespace = given.namespace
      returning q.namespace, ${counters}
    )
    select * from org union all select * from namespaces`);
  const { org, known } = toOrgUsage(rows);
  if (!org) throw new Error("there is no quota to count on");
  return { org, namespaces: [...known.values()] };
}

const counters = sql`q.limit_bytes, q.limit_files, q.warn_bytes, q.warn_files, q.used_bytes, q.reserved_bytes,
  q.file_count, q.reserved_files`;

const totalOf = sql`select sum(used_bytes)::bigint as used_bytes, sum(used_files)::bigint as used_files,
  sum(reserved_bytes)::bigint as reserved_bytes, sum(reserved_files)::bigint as reserved_files from given`;

/** Names as rows: one parameter, however many they are. */
const namesOf = (namespaces: readonly string[]): SQL =>
  sql`select jsonb_array_elements_text(${JSON.stringify(namespaces)}::text::jsonb)`;

/** The changes as one row per namespace, and one parameter, however many they are. */
function recordsOf(changes: readonly UsageChange[]): SQL {
  const records = changes.map(({ namespace, used, reserved }) => ({
    namespace,
    used_bytes: used?.bytes ?? 0,
    used_files: used?.files ?? 0,
    reserved_bytes: reserved?.bytes ?? 0,
    reserved_files: reserved?.files ?? 0,
  }));
  return sql`
    select namespace, sum(used_bytes)::bigint as used_bytes, sum(used_files)::bigint as used_files,
      sum(reserved_bytes)::bigint as reserved_bytes, sum(reserved_files)::bigint as reserved_files
    from jsonb_to_recordset(${JSON.stringify(records)}::text::jsonb) as records
      (namespace text, used_bytes bigint, used_files bigint, reserved_bytes bigint, reserved_files bigint)
    group by namespace`;
}

/** A row of `counters`: the driver returns 64-bit integers as texts. */
type CounterRow = Readonly<Record<string, string | null>>;

function toOrgUsage(rows: readonly CounterRow[]): { org?: Usage; known: Map<string, Usage> } {
  const known = new Map<string, Usage>();
  let org: Usage | undefined;
  for (const usage of rows.map(toUsage)) {
    if (usage.namespace === null) org = usage;
    else known.set(usage.namespace, usage);
  }
  return { ...(org && { org }), known };
}

function toUsage(row: CounterRow): Usage {
  const limit = (name: string) => (row[name] == null ? null : Number(row[name]));
  return {
    namespace: row.namespace ?? null,
    limitBytes: limit("limit_bytes"),
    limitFiles: limit("limit_files"),
    warnBytes: limit("warn_bytes"),
    warnFiles: limit("warn_files"),
    usedBytes: Number(row.used_bytes),
    reservedBytes: Number(row.reserved_bytes) - Number(row.advance_bytes ?? 0),
    fileCount: Number(row.file_count),
    reservedFiles: Number(row.reserved_files),
  };
}
