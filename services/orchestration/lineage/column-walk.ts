import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import {
  type ColumnPosition,
  type ColumnRow,
  type Direction,
  listColumnFlows,
  type Period,
} from "./graph-repository.ts";
import { listEntities } from "./lineage-repository.ts";

/** Column flows read for one response. */
const flowsMax = 10_000;

export type ReachedColumns = {
  /** Entities by id, with their distance, in its order. */
  readonly distances: ReadonlyMap<string, number>;
  /** The flows between them, sorted. */
  readonly flows: readonly ColumnRow[];
  readonly truncated: boolean;
};

type Options = {
  readonly directions: readonly Direction[];
  readonly depth: number;
  readonly column: string;
  readonly period: Period;
};

/** Follows a column from entity to entity. */
export async function reachColumns(
  db: Db,
  scope: Scope,
  { entityId, nodesMax }: { readonly entityId: string; readonly nodesMax: number },
  { directions, depth, column, period }: Options,
): Promise<ReachedColumns> {
  const flows = new Map<string, ColumnRow>();
  let isWhole = true;
  for (const direction of directions) {
    const found = await followColumn(db, scope, direction, { start: { entityId, column }, depth, period });
    isWhole &&= found.isWhole;
    for (const flow of found.flows) flows.set(keyOfFlow(flow), flow);
  }
  const visible = await visibleIds(db, scope, entityId, [...flows.values()]);
  const shown = [...flows.values()].filter(
    (flow) =>
      visible.has(flow.fromEntityId) && visible.has(flow.toEntityId) && visible.has(flow.columnEntityId),
  );
  const all = distancesFrom(entityId, shown, directions);
  const distances = new Map([...all].filter(([, distance]) => distance <= depth).slice(0, nodesMax));
  const between = shown.filter(
    ({ fromEntityId, toEntityId }) => distances.has(fromEntityId) && distances.has(toEntityId),
  );
  const sorted = between.sort((one, other) => (keyOfFlow(one) < keyOfFlow(other) ? -1 : 1));
  return { distances, flows: sorted, truncated: !isWhole || distances.size < all.size };
}

/** All flows of a column in a direction. */
async function followColumn(
  db: Db,
  scope: Scope,
  direction: Direction,
  { start, depth, period }: { start: ColumnPosition; depth: number; period: Period },
): Promise<{ flows: ColumnRow[]; isWhole: boolean }> {
  const flows = new Map<string, ColumnRow>();
  const known = new Set([keyOf(start)]);
  let frontier = [start];
  // A step passes a job, where there is one, so there are enough steps to see what is beyond the depth.
  for (let step = 0; step <= depth && frontier.length > 0; step++) {
    const limit = flowsMax + 1 - flows.size;
    const found = await listColumnFlows(db, scope, direction, { from: frontier, period, limit });
    for (const flow of found) flows.set(keyOfFlow(flow), flow);
    if (found.length === limit) return { flows: [...flows.values()], isWhole: false };
    const next = found.map((flow) => nextOf(flow, direction)).filter((one) => !known.has(keyOf(one)));
    frontier = [...new Map(next.map((one) => [keyOf(one), one])).values()];
    for (const one of frontier) known.add(keyOf(one));
  }
  const all = [...flows.values()];
  if (direction === "downstream") return { flows: all, isWhole: true };
  return { flows: withInputs(all, await inputsOf(db, scope, all, period)), isWhole: true };
}

/** The column after a flow. The column of a job is a result of an execution, which leads nowhere. */
const nextOf = (flow: ColumnRow, direction: Direction): ColumnPosition =>
  direction === "downstream"
    ? { entityId: flow.toEntityId, column: flow.toColumn }
    : { entityId: flow.columnEntityId, column: flow.fromColumn };

/** The flows into jobs: those out of them lead directly to the data set before. */
const inputsOf = (
  db: Db,
  scope: Scope,
  flows: readonly ColumnRow[],
  period: Period,
): Promise<ColumnRow[]> => {
  const jobs = flows.filter(({ fromEntityId, columnEntityId }) => fromEntityId !== columnEntityId);
  const from = jobs.map(({ fromEntityId, toColumn }) => ({ entityId: fromEntityId, column: toColumn }));
  const unique = [...new Map(from.map((one) => [keyOf(one), one])).values()];
  return listColumnFlows(db, scope, "upstream", { from: unique, period, limit: flowsMax });
};

/** Adds the flows into a job that are the same as a flow out of it. */
function withInputs(flows: readonly ColumnRow[], inputs: readonly ColumnRow[]): ColumnRow[] {
  const ofJob = (jobId: string, flow: ColumnRow) =>
    JSON.stringify([jobId, flow.columnEntityId, flow.fromColumn, flow.toColumn]);
  const outputs = new Set(flows.map((flow) => ofJob(flow.fromEntityId, flow)));
  return [...flows, ...inputs.filter((flow) => outputs.has(ofJob(flow.toEntityId, flow)))];
}

/** Distances along flows, breadth first. */
function distancesFrom(
  start: string,
  flows: readonly ColumnRow[],
  directions: readonly Direction[],
): Map<string, number> {
  const distances = new Map([[start, 0]]);
  for (const direction of directions) {
    const near = direction === "upstream" ? "toEntityId" : "fromEntityId";
    const far = direction === "upstream" ? "fromEntityId" : "toEntityId";
    const byNear = Map.groupBy(flows, (flow) => flow[near]);
    let frontier = [start];
    const seen = new Set(frontier);
    for (let distance = 1; frontier.length > 0; distance++) {
      const found = frontier.flatMap((id) => (byNear.get(id) ?? []).map((flow) => flow[far]));
      frontier = [...new Set(found)].filter((id) => !seen.has(id));
      for (const id of frontier) {
        seen.add(id);
        if (!distances.has(id)) distances.set(id, distance);
      }
    }
  }
  return new Map([...distances].sort(([, one], [, other]) => one - other));
}

async function visibleIds(
  db: Db,
  scope: Scope,
  start: string,
  flows: readonly ColumnRow[],
): Promise<ReadonlySet<string>> {
  const ids = flows.flatMap(({ fromEntityId, toEntityId, columnEntityId }) => [
    fromEntityId,
    toEntityId,
    columnEntityId,
  ]);
  const entities = await listEntities(db, scope, [...new Set([start, ...ids])]);
  return new Set(entities.map(({ entityId }) => entityId));
}

const keyOf = ({ entityId, column }: ColumnPosition): string => `${entityId} ${column}`;

const keyOfFlow = (flow: ColumnRow): string =>
  JSON.stringify([
    flow.fromEntityId,
    flow.toEntityId,
    flow.toColumn,
    flow.columnEntityId,
    flow.fromColumn,
    flow.transformation,
  ]);
