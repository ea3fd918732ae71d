import { and, eq, inArray, or } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { closeNamespace, enterNamespace, openNamespace } from "../lib/database/namespace-gate.ts";
import { within } from "../lib/database/scope.ts";
import { lineageEvents } from "./lineage/event-schema.ts";
import { lineageColumns, lineageEdges, lineageEntities } from "./lineage/lineage-schema.ts";
import { closedNamespaces, executions, sources } from "./schema.ts";

/** A namespace of an organisation. Identity names it; there is no caller. */
export type NamespaceKey = { readonly orgId: string; readonly namespace: string };

/** Rows of each kind per call: they share a transaction. */
const deletedMax = 500;

const access = ({ orgId, namespace }: NamespaceKey) => ({ orgId, namespaces: [namespace] });
const entitiesIn = (key: NamespaceKey) =>
  within(access(key), { orgId: lineageEntities.orgId, namespace: lineageEntities.ownerNamespace });

/** Keeps the namespace open until the transaction ends. NotFound for a closed one. */
export const enter = (tx: Db, key: NamespaceKey) => enterNamespace(tx, closedNamespaces, key);

export const open = (tx: Db, key: NamespaceKey) => openNamespace(tx, closedNamespaces, key);

export const close = (tx: Db, key: NamespaceKey, forGood: boolean) =>
  closeNamespace(tx, closedNamespaces, key, { forGood });

/**
 * Numbers of resources in the namespace by kind, without kinds of which there are none. Records of what happened in it
 * count only with `withRecords`: nobody can remove them one by one.
 */
export async function countContent(
  db: Db,
  key: NamespaceKey,
  withRecords: boolean,
): Promise<Record<string, bigint>> {
  const counts = {
    sources: await db.$count(sources, within(access(key), sources)),
    ...(withRecords && {
      executions: await db.$count(executions, within(access(key), executions)),
      lineage_entities: await db.$count(lineageEntities, entitiesIn(key)),
      lineage_events: await db.$count(lineageEvents, within(access(key), lineageEvents)),
    }),
  };
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return Object.fromEntries(some.map(([kind, count]) => [kind, BigInt(count)]));
}

/** Deletes up to 500 rows of each kind. Running executions are deleted, too: their calls find no row at their end. */
export async function deleteSome(tx: Db, key: NamespaceKey): Promise<void> {
  const someSources = tx
    .select({ id: sources.sourceId })
    .from(sources)
    .where(within(access(key), sources))
    .limit(deletedMax);
  await tx.delete(sources).where(inArray(sources.sourceId, someSources));
  const someExecutions = tx
    .select({ id: executions.executionId })
    .from(executions)
    .where(within(access(key), executions))
    .limit(deletedMax);
  await tx.delete(executions).where(inArray(executions.executionId, someExecutions));
  const someEvents = tx
    .select({ id: lineageEvents.eventId })
    .from(lineageEvents)
    .where(within(access(key), lineageEvents))
    .limit(deletedMax);
  await tx
    .delete(lineageEvents)
    .where(and(within(access(key), lineageEvents), inArray(lineageEvents.eventId, someEvents)));
  await deleteEntities(tx, key);
}

/** Entities with all edges to them, whatever is at their other ends. */
async function deleteEntities(tx: Db, key: NamespaceKey): Promise<void> {
  const rows = await tx
    .select({ entityId: lineageEntities.entityId })
    .from(lineageEntities)
    .where(entitiesIn(key))
    .orderBy(lineageEntities.entityId)
    .limit(deletedMax);
  const ids = rows.map(({ entityId }) => entityId);
  if (ids.length === 0) return;
  const { orgId } = key;
  await tx
    .delete(lineageColumns)
    .where(
      and(
        eq(lineageColumns.orgId, orgId),
        or(inArray(lineageColumns.fromEntityId, ids), inArray(lineageColumns.toEntityId, ids)),
      ),
    );
  await tx
    .delete(lineageEdges)
    .where(
      and(
        eq(lineageEdges.orgId, orgId),
        or(inArray(lineageEdges.fromEntityId, ids), inArray(lineageEdges.toEntityId, ids)),
      ),
    );
  await tx.delete(lineageEntities).where(and(entitiesIn(key), inArray(lineageEntities.entityId, ids)));
}
