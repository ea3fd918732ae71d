import { randomUUID } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { expect } from "vitest";
import {
  type GetLineageResponse,
  LineageKind,
  LineageService,
} from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import type { Orchestration, User } from "./orchestration.ts";

type RawResponse = Pick<GetLineageResponse, "nodes" | "edges" | "truncated">;

/** Replaces ids in a response by names. Edges are written as `orders > job [id > key IDENTITY]`. */
export function spelled({ nodes, edges, truncated }: RawResponse) {
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
          return `${way}: ${nameOf(fromEntityId)}.${fromColumn} > ${toColumn || "*"} ${transformation}`.trimEnd();
        }),
      )
      .sort(),
    truncated,
  };
}

/** Generous, because the parser's process may start slowly on a busy machine. */
const recordedWithinMs = 60_000;

/** Waits for the recorded lineage of an execution. Its own id and name are left out. */
export async function executionUpstream({ lineage }: User, entityId: string) {
  const isRecorded = () =>
    lineage.getUpstream({ entityId }).then(
      () => true,
      () => false,
    );
  await expect.poll(isRecorded, { timeout: recordedWithinMs }).toBe(true);
  const { nodes, columns } = spelled(await lineage.getUpstream({ entityId }));
  return {
    tables: nodes.slice(1).sort(),
    columns: columns.map((column) => column.replace(/^.* > executions\/\S+: /, "")),
  };
}

/** Assigns ids to names on first use, so that tests describe graphs by names. */
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

/** A RunEvent of a job that copies `a` to `b`, or another. */
export const runEvent = (overrides: JsonObject = {}): JsonObject => ({
  eventType: "COMPLETE",
  eventTime: "2026-11-20T10:00:00Z",
  producer: "https://example.com/etl",
  schemaURL: "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
  run: { runId: "0193a5c0-0000-7000-8000-000000000001" },
  job: { namespace: "etl", name: "copy" },
  inputs: [{ namespace: "db", name: "a" }],
  outputs: [{ namespace: "db", name: "b" }],
  ...overrides,
});

/** Row counts of an organisation's graph. */
export async function countGraph({ database }: Orchestration, orgId: string) {
  const { sql } = database;
  const [counts] = await sql`select
    (select count(*)::int from orchestration.lineage_events where org_id = ${orgId}) as events,
    (select count(*)::int from orchestration.lineage_entities where org_id = ${orgId}) as entities,
    (select count(*)::int from orchestration.lineage_edges where org_id = ${orgId}) as edges,
    (select count(*)::int from orchestration.lineage_columns where org_id = ${orgId}) as columns`;
  return { ...counts };
}
