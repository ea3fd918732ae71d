import { randomUUID } from "node:crypto";
import {
  type GetLineageResponse,
  LineageKind,
  LineageService,
} from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import type { Orchestration, User } from "./orchestration.ts";

type Answer = Pick<GetLineageResponse, "nodes" | "edges" | "truncated">;

/** An answer with names for ids: edges as `orders > job [id > key IDENTITY]`. */
export function spelled({ nodes, edges, truncated }: Answer) {
  const names = new Map(nodes.map(({ entityId, name }) => [entityId, name]));
  const nameOf = (entityId: string) => names.get(entityId) ?? `unknown ${entityId}`;
  return {
    nodes: nodes.map(({ name }) => name),
    edges: edges
      .map(({ fromEntityId, toEntityId }) => `${nameOf(fromEntityId)} > ${nameOf(toEntityId)}`)
      .sort(),
    columns: edges
      .flatMap((edge) =>
        edge.columns.map(({ fromEntityId, fromColumn, toColumn, transformation }) => {
          const way = `${nameOf(edge.fromEntityId)} > ${nameOf(edge.toEntityId)}`;
          return `${way}: ${nameOf(fromEntityId)}.${fromColumn} > ${toColumn} ${transformation}`.trimEnd();
        }),
      )
      .sort(),
    truncated,
  };
}

/** Names of entities that get an id on first use: lets a test say its graph in words. */
export function createRecorder(mesh: Orchestration, user: User) {
  const ids = new Map<string, string>();
  const idOf = (name: string) => {
    const id = ids.get(name) ?? randomUUID();
    ids.set(name, id);
    return id;
  };
  const client = mesh.as("staging", LineageService, user.who);
  const data = (name: string) => ({ entityId: idOf(name), kind: LineageKind.DATASET, name });
  return {
    idOf,
    client,
    /** Records that a job read and wrote data sets; columns as [input, column, output, column]. */
    record: (
      job: string,
      inputs: readonly string[],
      outputs: readonly string[],
      columns: readonly (readonly [string, string, string, string])[] = [],
    ) =>
      client.recordLineage({
        job: { entityId: idOf(job), kind: LineageKind.JOB, name: job },
        inputs: inputs.map(data),
        outputs: outputs.map(data),
        columns: columns.map(([input, inputColumn, output, outputColumn]) => ({
          inputEntityId: idOf(input),
          inputColumn,
          outputEntityId: idOf(output),
          outputColumn,
        })),
      }),
  };
}
