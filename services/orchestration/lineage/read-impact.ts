import type { MessageInitShape } from "@bufbuild/protobuf";
import type { GetImpactResponseSchema } from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { toNode } from "./lineage-message.ts";
import { type Graph, walk } from "./walk.ts";

type Change = { readonly entityId: string; readonly column: string; readonly depth: number };

const always = { start: undefined, end: undefined };

/** The tables and data sets that a change affects. Undefined if the entity does not exist. */
export async function readImpact(
  db: Db,
  scope: Scope,
  { entityId, column, depth }: Change,
): Promise<MessageInitShape<typeof GetImpactResponseSchema> | undefined> {
  const graph = await walk(db, scope, entityId, {
    directions: ["downstream"],
    depth,
    column,
    period: always,
  });
  if (!graph) return undefined;
  const affected = graph.entities.filter(({ kind, distance }) => distance > 0 && kind !== "job");
  const entities = affected.map((entity) => ({
    node: toNode(entity),
    distance: entity.distance,
    columns: column === "" ? [] : columnsOf(graph, entity.entityId),
  }));
  const owners = [...new Set(affected.flatMap((entity) => entity.owners))].sort();
  return { entities, owners, truncated: graph.truncated };
}

/** The columns of an entity that flows lead to; none if a flow has an effect on all of them. */
function columnsOf({ edges }: Graph, entityId: string): string[] {
  const flows = edges.filter(({ toEntityId }) => toEntityId === entityId).flatMap((edge) => edge.columns);
  const columns = [...new Set(flows.map(({ toColumn }) => toColumn))].sort();
  return columns.includes("") ? [] : columns;
}
