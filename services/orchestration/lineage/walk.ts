import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { LineageEdge } from "./lineage.ts";
import {
  type ColumnRow,
  type Direction,
  type EntityRow,
  listColumns,
  listEdges,
  listEntities,
  listNeighbours,
} from "./lineage-repository.ts";

/** Limits of one response. */
const nodesMax = 1000;
const edgesMax = 10_000;
const columnsMax = 10_000;
const columnsBytesMax = 8 * 1024 * 1024;
const depthDefault = 20;

/** A part of the graph. `truncated` is set if a limit was reached. */
export type Graph = {
  readonly entities: readonly EntityRow[];
  readonly edges: readonly (LineageEdge & { readonly columns: readonly ColumnRow[] })[];
  readonly truncated: boolean;
};

/**
 * Reads the graph around an entity breadth first, so that cycles end. `depth` is the number of steps, 0 for the default.
 * Undefined if the entity does not exist.
 */
export async function walk(
  db: Db,
  scope: Scope,
  entityId: string,
  { directions, depth }: { directions: readonly Direction[]; depth: number },
): Promise<Graph | undefined> {
  const [start] = await listEntities(db, scope, [entityId]);
  if (!start) return undefined;
  const reached = await reach(db, scope, start.entityId, { directions, depth: depth || depthDefault });
  const found = await listEntities(db, scope, reached.entityIds);
  const byId = new Map(found.map((entity) => [entity.entityId, entity]));
  const edges = await listEdges(db, scope, reached.entityIds, edgesMax + 1);
  const columns = await listColumns(db, scope, reached.entityIds, columnsMax + 1);
  const kept = boundColumns(columns);
  return {
    entities: reached.entityIds.flatMap((id) => byId.get(id) ?? []),
    edges: withColumns(edges.slice(0, edgesMax), kept),
    truncated: reached.truncated || edges.length > edgesMax || kept.length < columns.length,
  };
}

/** The reachable ids, ordered by distance. */
async function reach(
  db: Db,
  scope: Scope,
  start: string,
  { directions, depth }: { directions: readonly Direction[]; depth: number },
): Promise<{ entityIds: string[]; truncated: boolean }> {
  const reached = new Set([start]);
  let walks = directions.map((direction) => ({ direction, known: new Set([start]), frontier: [start] }));
  // One step more than requested shows whether the graph is truncated.
  for (let step = 0; step <= depth && walks.length > 0; step++) {
    for (const one of walks) {
      const { direction, known, frontier } = one;
      const query = { from: frontier, known: [...known], limit: nodesMax + 1 };
      one.frontier = await listNeighbours(db, scope, direction, query);
      const isWhole = add(reached, one.frontier, step === depth ? 0 : nodesMax);
      if (!isWhole) return { entityIds: [...reached], truncated: true };
      for (const id of one.frontier) known.add(id);
    }
    walks = walks.filter(({ frontier }) => frontier.length > 0);
  }
  return { entityIds: [...reached], truncated: false };
}

/** Adds ids up to `sizeMax`. Returns false if some did not fit. */
function add(reached: Set<string>, found: readonly string[], sizeMax: number): boolean {
  const fresh = found.filter((id) => !reached.has(id));
  const room = Math.max(0, sizeMax - reached.size);
  for (const id of fresh.slice(0, room)) reached.add(id);
  return fresh.length <= room;
}

function boundColumns(columns: readonly ColumnRow[]): readonly ColumnRow[] {
  let bytes = 0;
  const end = columns.findIndex(({ fromColumn, toColumn }, index) => {
    bytes += Buffer.byteLength(fromColumn) + Buffer.byteLength(toColumn);
    return index === columnsMax || bytes > columnsBytesMax;
  });
  return end === -1 ? columns : columns.slice(0, end);
}

function withColumns(edges: readonly LineageEdge[], columns: readonly ColumnRow[]): Graph["edges"] {
  const keyOf = ({ fromEntityId, toEntityId }: LineageEdge) => `${fromEntityId} ${toEntityId}`;
  const byEdge = Map.groupBy(columns, keyOf);
  return edges.map((edge) => ({ ...edge, columns: byEdge.get(keyOf(edge)) ?? [] }));
}
