import { and, eq, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { everywhere, within } from "../../lib/database/scope.ts";
import { namespaceQuotas, quotas } from "./quota-schema.ts";

/** What the counters of a namespace have too much or, negative, too little. The namespace is null for the organisation. */
export type Drift = {
  readonly namespace: string | null;
  readonly usedBytes: number;
  readonly usedFiles: number;
  readonly reservedBytes: number;
  readonly reservedFiles: number;
};

/** Organisations that have files or a quota, one batch after another. */
export async function* listOrgIds(db: Db, batchMax = 1000): AsyncGenerator<string> {
  for (let after = "00000000-0000-0000-0000-000000000000"; ; ) {
    const rows = await db.execute<{ org_id: string }>(sql`
      select org_id from (
        select org_id from storage.quotas where org_id > ${after}
        union select org_id from storage.files where org_id > ${after}
      ) as orgs order by org_id limit ${batchMax}`);
    for (const row of rows) yield row.org_id;
    const last = rows.at(-1);
    if (!last) return;
    after = last.org_id;
  }
}

/**
 * Compares an organisation's counters with its files and reservations, in one statement: a transaction changes both or
 * neither. Every table whose rows count in the quota is named here.
 */
export async function findDrifts(db: Db, orgId: string): Promise<Drift[]> {
  const rows = await db.execute<Record<string, string | null>>(sql`
    with counted as (
      select namespace, sum(size_bytes) as used_bytes, count(*) as used_files, 0 as reserved_bytes, 0 as reserved_files
      from storage.files where org_id = ${orgId} group by namespace
      union all
      select f.namespace, sum(v.size_bytes), 0, 0, 0
      from storage.file_versions as v join storage.files as f using (file_id)
      where v.org_id = ${orgId} group by f.namespace
      union all
      select namespace, 0, 0, sum(reserved_bytes), sum(reserved_files)
      from storage.reservations where org_id = ${orgId} group by namespace
    ),
    differences as (
      select namespace, used_bytes, file_count as used_files, reserved_bytes, reserved_files
      from storage.namespace_quotas where org_id = ${orgId}
      union all select null, used_bytes, file_count, reserved_bytes, reserved_files
      from storage.quotas where org_id = ${orgId}
      union all select namespace, -used_bytes, -used_files, -reserved_bytes, -reserved_files from counted
      union all select null, -used_bytes, -used_files, -reserved_bytes, -reserved_files from counted
    )
    select namespace, sum(used_bytes) as used_bytes, sum(used_files) as used_files,
      sum(reserved_bytes) as reserved_bytes, sum(reserved_files) as reserved_files
    from differences group by namespace
    having (sum(used_bytes), sum(used_files), sum(reserved_bytes), sum(reserved_files)) <> (0, 0, 0, 0)
    order by namespace nulls first`);
  return rows.map((row) => ({
    namespace: row.namespace ?? null,
    usedBytes: Number(row.used_bytes),
    usedFiles: Number(row.used_files),
    reservedBytes: Number(row.reserved_bytes),
    reservedFiles: Number(row.reserved_files),
  }));
}

/** Takes a drift off the counters, which are locked and exist. */
export async function correctDrift(tx: Db, orgId: string, drift: Drift): Promise<void> {
  const change = (table: typeof quotas | typeof namespaceQuotas) => ({
    usedBytes: sql`${table.usedBytes} - ${drift.usedBytes}`,
    fileCount: sql`${table.fileCount} - ${drift.usedFiles}`,
    reservedBytes: sql`${table.reservedBytes} - ${drift.reservedBytes}`,
    reservedFiles: sql`${table.reservedFiles} - ${drift.reservedFiles}`,
    driftBytes: drift.usedBytes + drift.reservedBytes,
    driftFiles: drift.usedFiles + drift.reservedFiles,
  });
  if (drift.namespace === null) {
    await tx.update(quotas).set(change(quotas)).where(eq(quotas.orgId, orgId));
    return;
  }
  await tx
    .update(namespaceQuotas)
    .set(change(namespaceQuotas))
    .where(
      and(within(everywhere({ orgId }), namespaceQuotas), eq(namespaceQuotas.namespace, drift.namespace)),
    );
}

/** Records a recount of the counters, which are locked, without a drift so far. */
export async function setRecounted(tx: Db, orgId: string): Promise<void> {
  const recounted = { recountTime: sql`now()`, driftBytes: 0, driftFiles: 0 };
  await tx.update(quotas).set(recounted).where(eq(quotas.orgId, orgId));
  await tx
    .update(namespaceQuotas)
    .set(recounted)
    .where(within(everywhere({ orgId }), namespaceQuotas));
}
