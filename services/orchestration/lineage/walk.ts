import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { type ReachedColumns, reachColumns } from "./column-walk.ts";
import {
  type ColumnRow,
  type Direction,
  type EdgeRow,
  listColumns,
  listEdges,
  type Period,
} from "./graph-repository.ts";
import type { LineageEdge } from "./lineage.ts";
import { type EntityRow, listEntities } from "./lineage-repository.ts";
import { listLevels } from "./reach-repository.ts";

/** Limits of one response. */
const nodesMax = 1000;
const edgesMax = 10_000;
const columnsMax = 10_000;
const columnsBytesMax = 8 * 1024 * 1024;
const depthDefault = 20;

export type WalkOptions = {
  readonly directions: readonly Direction[];
  /** Number of steps, 0 for the default. */
  readonly depth: number;
  /** Column to follow; empty for all. */
  readonly column: string;
  readonly period: Period;
};

/** A part of the graph. `truncated` is set if a limit was reached. */
export type Graph = {
  /** In the order of their distance. */
  readonly entities: readonly (EntityRow & { readonly distance: number })[];
  readonly edges: readonly (EdgeRow & { readonly columns: readonly ColumnRow[] })[];
  readonly truncated: boolean;
};

/**
 * Reads the graph around an entity breadth first, so that cycles end. Undefined if the entity does not exist.
 */
export async function walk(
  db: Db,
  scope: Scope,
  entityId: string,
  options: WalkOptions,
): Promise<Graph | undefined> {
  const walkOptions = { ...options, depth: options.depth || depthDefault };
  const reached =
    options.column === ""
      ? await reach(db, scope, entityId, walkOptions)
      : await reachColumn(db, scope, entityId, walkOptions);
  return reached && readGraph(db, scope, reached, options.period);
}

async function reachColumn(
  db: Db,
  scope: Scope,
  entityId: string,
  options: WalkOptions,
): Promise<ReachedColumns | undefined> {
  const [start] = await listEntities(db, scope, [entityId]);
  return start && reachColumns(db, scope, { entityId: start.entityId, nodesMax }, options);
}

type Reached = Omit<ReachedColumns, "flows"> & Partial<ReachedColumns>;

/** The entities that were reached, and the edges between them. With flows of a column, only their edges. */
async function readGraph(
  db: Db,
  scope: Scope,
  { distances, flows, truncated }: Reached,
  period: Period,
): Promise<Graph> {
  const among = [...distances.keys()];
  const [found, edges, columns] = await Promise.all([
    listEntities(db, scope, among),
    listEdges(db, scope, { among, period, limit: edgesMax + 1 }),
    flows ?? listColumns(db, scope, among, columnsMax + 1),
  ]);
  const byId = new Map(found.map((entity) => [entity.entityId, entity]));
  const kept = boundColumns(columns);
  const withFlows = withColumns(edges.slice(0, edgesMax), kept);
  return {
    entities: among.flatMap((id) => {
      const entity = byId.get(id);
      return entity ? { ...entity, distance: distances.get(id) ?? 0 } : [];
    }),
    edges: flows ? withFlows.filter((edge) => edge.columns.length > 0) : withFlows,
    truncated: truncated || edges.length > edgesMax || kept.length < columns.length,
  };
}

/** The reachable ids with their distance, in its order. Undefined if the start does not exist. */
async function reach(
  db: Db,
  scope: Scope,
  start: string,
  { directions, depth, period }: Omit<WalkOptions, "column">,
): Promise<Reached | undefined> {
  // One step and one entity more than requested show whether the graph is truncated.
  const query = { start, steps: depth + 1, period, limit: nodesMax + 1 };
  const walks = await Promise.all(directions.map((direction) => listLevels(db, scope, direction, query)));
  const [first] = walks.flatMap(([level]) => level ?? []);
  if (first === undefined) return undefined;
  const distances = new Map([[first, 0]]);
  for (let distance = 1; distance <= depth + 1; distance++) {
    for (const levels of walks) {
      const isWhole = add(distances, levels[distance] ?? [], distance, distance > depth ? 0 : nodesMax);
      if (!isWhole) return { distances, truncated: true };
    }
  }
  return { distances, truncated: false };
}

/** Adds ids up to `sizeMax`. Returns false if some did not fit. */
function add(
  distances: Map<string, number>,
  found: readonly string[],
  distance: number,
  sizeMax: number,
): boolean {
  const fresh = found.filter((id) => !distances.has(id));
  const room = Math.max(0, sizeMax - distances.size);
  for (const id of fresh.slice(0, room)) distances.set(id, distance);
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

function withColumns(edges: readonly EdgeRow[], columns: readonly ColumnRow[]): Graph["edges"] {
  const keyOf = ({ fromEntityId, toEntityId }: LineageEdge) => `${fromEntityId} ${toEntityId}`;
  const byEdge = Map.groupBy(columns, keyOf);
  return edges.map((edge) => ({ ...edge, columns: byEdge.get(keyOf(edge)) ?? [] }));
}
