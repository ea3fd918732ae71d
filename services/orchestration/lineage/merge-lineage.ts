import type { LineageColumn, LineageEdge, LineageEntity, TimedEdge } from "./lineage.ts";

/** Merges duplicates, sorted by id. The first namespace wins, and only entities of it are merged. */
export function mergedEntities(entities: readonly LineageEntity[]): LineageEntity[] {
  const byId = new Map<string, LineageEntity>();
  for (const entity of entities) {
    const known = byId.get(entity.entityId);
    if (!known) byId.set(entity.entityId, entity);
    else if (known.ownerNamespace === entity.ownerNamespace) byId.set(entity.entityId, merged(known, entity));
  }
  return [...byId.values()].sort((one, other) => (one.entityId < other.entityId ? -1 : 1));
}

function merged(one: LineageEntity, other: LineageEntity): LineageEntity {
  const parent = earlierParent(one.parent, other.parent);
  const owners = laterOwners(one.owners, other.owners);
  return { ...one, ...(parent && { parent }), ...(owners && { owners }) };
}

type Parent = LineageEntity["parent"];
type Owners = LineageEntity["owners"];

function earlierParent(one: Parent, other: Parent): Parent {
  if (!one || !other) return one ?? other;
  if (one.time !== other.time) return one.time < other.time ? one : other;
  return one.entityId < other.entityId ? one : other;
}

function laterOwners(one: Owners, other: Owners): Owners {
  if (!one || !other) return one ?? other;
  if (one.time !== other.time) return one.time > other.time ? one : other;
  return { names: [...new Set([...one.names, ...other.names])], time: one.time };
}

/** An edge, with the range of its times. */
export type MergedEdge = LineageEdge & { readonly firstTime: string; readonly lastTime: string };

/** One row for each edge, sorted. */
export function mergedEdges(edges: readonly TimedEdge[]): MergedEdge[] {
  const now = new Date().toISOString();
  const byKey = new Map<string, LineageEdge & { firstTime: string; lastTime: string }>();
  for (const { fromEntityId, toEntityId, time = now } of edges) {
    const key = `${fromEntityId} ${toEntityId}`;
    const edge = byKey.get(key);
    if (!edge) byKey.set(key, { fromEntityId, toEntityId, firstTime: time, lastTime: time });
    else if (time < edge.firstTime) edge.firstTime = time;
    else if (time > edge.lastTime) edge.lastTime = time;
  }
  return [...byKey.keys()].sort().flatMap((key) => byKey.get(key) ?? []);
}

/** Removes duplicates, and sorts. */
export function mergedColumns(columns: readonly LineageColumn[]): LineageColumn[] {
  const byKey = new Map(columns.map((column) => [keyOf(column), column]));
  return [...byKey.keys()].sort().flatMap((key) => byKey.get(key) ?? []);
}

const keyOf = (column: LineageColumn): string =>
  JSON.stringify([
    column.fromEntityId,
    column.toEntityId,
    column.toColumn,
    column.columnEntityId,
    column.fromColumn,
    column.transformation,
  ]);
