import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { NamespaceContentState } from "../../gen/sluice/common/v1/namespaces_pb.ts";
import { LineageKind, LineageService } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { NamespaceContentService } from "../../gen/sluice/orchestration/v1/namespaces_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { createRecorder, spelled } from "./lineage-graph.ts";
import { failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

test("OK: RecordLineage of the same record changes nothing, also 16 at once", async () => {
  const user = mesh().user();
  const { record, idOf } = createRecorder(mesh(), user);
  const inputs = Array.from({ length: 20 }, (_, index) => `input ${index}`);
  const again = (index: number) =>
    record(
      "job",
      index % 2 ? inputs : inputs.toReversed(),
      ["x", "y"],
      inputs.map((input) => [input, "a", "x", "b"] as const),
    );
  await Promise.all(Array.from({ length: 16 }, (_, index) => again(index)));
  const { nodes, edges } = await user.lineage.getUpstream({ entityId: idOf("x") });
  expect([nodes.length, edges.length]).toEqual([22, 21]);
  expect(edges.flatMap(({ columns }) => columns)).toHaveLength(40);
});

test("OK: RecordLineage again adds to a job", async () => {
  const user = mesh().user();
  const { record, idOf } = createRecorder(mesh(), user);
  await record("job", ["a"], ["x"]);
  await record("job", ["b"], ["x"]);
  const answer = await user.lineage.getUpstream({ entityId: idOf("x") });
  expect(spelled(answer).edges).toEqual(["a > job", "b > job", "job > x"]);
});

test("InvalidArgument: RecordLineage with a column of something else", async () => {
  const { record } = createRecorder(mesh(), mesh().user());
  expect(await failureOf(record("job", ["a"], ["x"], [["b", "c", "x", "c"]]))).toMatchObject({
    code: Code.InvalidArgument,
    fields: ["columns[0].input_entity_id"],
  });
  expect(await failureOf(record("job", ["a"], ["x"], [["a", "c", "y", "c"]]))).toMatchObject({
    code: Code.InvalidArgument,
    fields: ["columns[0].output_entity_id"],
  });
});

test("InvalidArgument: RecordLineage without a job, and with an entity that is nothing", async () => {
  const { client, idOf } = createRecorder(mesh(), mesh().user());
  expect(await failureOf(client.recordLineage({}))).toMatchObject({
    code: Code.InvalidArgument,
    fields: ["job"],
  });
  const job = { entityId: idOf("job"), kind: LineageKind.UNSPECIFIED, name: "" };
  expect(await failureOf(client.recordLineage({ job }))).toMatchObject({
    code: Code.InvalidArgument,
    fields: ["job.kind", "job.name"],
  });
});

test("NotFound: RecordLineage of what was done in a namespace that is deleted", async () => {
  const user = mesh().user();
  const { client, idOf } = createRecorder(mesh(), user);
  const { orgId } = user.who;
  await mesh()
    .as("identity", NamespaceContentService, user.who)
    .setNamespaceState({ orgId, namespace: "gone", state: NamespaceContentState.CLEARED });
  const job = { entityId: idOf("job"), kind: LineageKind.JOB, name: "job" };
  const call = client.recordLineage({ job, namespace: "gone" });
  expect(await failureOf(call)).toMatchObject({ code: Code.NotFound });
  expect(await failureOf(user.lineage.getUpstream({ entityId: idOf("job") }))).toMatchObject({
    code: Code.NotFound,
  });
});

test("PermissionDenied: RecordLineage by a process that has no jobs", async () => {
  const { who, lineage } = mesh().user();
  const job = { entityId: randomUUID(), kind: LineageKind.JOB, name: "job" };
  for (const client of [lineage, mesh().as("identity", LineageService, who)]) {
    expect(await failureOf(client.recordLineage({ job }))).toMatchObject({ code: Code.PermissionDenied });
  }
});

test("OK: a job stands between what it read and what it wrote, with its columns", async () => {
  const user = mesh().user();
  const { record, idOf } = createRecorder(mesh(), user);
  await record("job", ["a"], ["b"], [["a", "id", "b", "key"]]);
  const upstream = await user.lineage.getUpstream({ entityId: idOf("b") });
  expect(spelled(upstream)).toEqual({
    nodes: ["b", "job", "a"],
    edges: ["a > job", "job > b"],
    columns: ["a > job: a.id > key IDENTITY", "job > b: a.id > key IDENTITY"],
    truncated: false,
  });
});
