import type { Db } from "../../../lib/database/database.ts";
import type { Scope } from "../../../lib/rpc/guard.ts";
import { listTablesById } from "../../table-repository.ts";
import type { Lineage, LineageEntity } from "../lineage.ts";
import { listEntities } from "../lineage-repository.ts";
import { tableEntity } from "../table-entity.ts";
import type { EventLineage } from "./event-lineage.ts";

/** Sluice's own entities among these ids: entities of the graph, and tables that are not in it yet. */
export async function listOwnEntities(
  db: Db,
  scope: Scope,
  entityIds: readonly string[],
): Promise<ReadonlyMap<string, LineageEntity>> {
  const tables = await listTablesById(db, scope, entityIds);
  const entities = await listEntities(db, scope, entityIds);
  const known = entities.map(({ entityId, kind, namespace, name, ownerNamespace }) => ({
    entityId,
    kind,
    namespace,
    name,
    ownerNamespace,
  }));
  return new Map([...tables.map(tableEntity), ...known].map((entity) => [entity.entityId, entity]));
}

/** The lineage of an event with Sluice's own entities in it. Edges of those that are gone are left out. */
export function withReferences(
  { lineage, references }: EventLineage,
  own: ReadonlyMap<string, LineageEntity>,
): Lineage {
  const isThere = (entityId: string) => own.has(entityId) || !references.has(entityId);
  return {
    entities: [...lineage.entities, ...[...references.keys()].flatMap((entityId) => own.get(entityId) ?? [])],
    edges: lineage.edges.filter((edge) => isThere(edge.fromEntityId) && isThere(edge.toEntityId)),
    columns: lineage.columns.filter(
      (column) =>
        isThere(column.fromEntityId) && isThere(column.toEntityId) && isThere(column.columnEntityId),
    ),
  };
}
