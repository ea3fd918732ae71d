import { sql } from "drizzle-orm";
import type { Db } from "../../../lib/database/database.ts";
import { keptOwners } from "../event-schema.ts";
import { projectionLock } from "../events/project-events.ts";
import { ownNamespace } from "../lineage.ts";
import { lineageColumns, lineageEdges, lineageEntities } from "../lineage-schema.ts";

/** Waits for running projections of the organisation, and holds off others until the transaction ends. */
export async function lockProjection(tx: Db, orgId: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${projectionLock(orgId)})`);
}

/** An entity that only events name: Sluice's own can't be the target of an edge of theirs. */
const isForeign = sql`namespace <> ${ownNamespace} and not starts_with(namespace, ${`${ownNamespace}/`})`;

/** Deletes the part of an organisation's graph that events make. The namespaces of its entities are kept aside. */
export async function clearProjection(tx: Db, orgId: string): Promise<void> {
  const kept = sql`(select entity_id from ${keptOwners} where org_id = ${orgId})`;
  await tx.execute(sql`insert into ${keptOwners} (org_id, entity_id, owner_namespace, create_time)
    select org_id, entity_id, owner_namespace, create_time from ${lineageEntities}
    where org_id = ${orgId} and ${isForeign}`);
  for (const table of [lineageColumns, lineageEdges]) {
    await tx.execute(sql`delete from ${table}
      where org_id = ${orgId} and (from_entity_id in ${kept} or to_entity_id in ${kept})`);
  }
  await tx.execute(sql`delete from ${lineageEntities} where org_id = ${orgId} and ${isForeign}`);
}

/** Gives entities back the namespaces and the times that they had. */
export async function restoreOwners(tx: Db, orgId: string): Promise<void> {
  await tx.execute(sql`update ${lineageEntities} as entity
    set owner_namespace = kept.owner_namespace, create_time = kept.create_time
    from ${keptOwners} as kept
    where entity.org_id = ${orgId} and kept.org_id = ${orgId} and entity.entity_id = kept.entity_id`);
  await tx.execute(sql`delete from ${keptOwners} where org_id = ${orgId}`);
}
