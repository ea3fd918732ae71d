import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { LineageKind, LineageService } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { createRecorder, spelled } from "./lineage-graph.ts";
import { createFileSource, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

test("OK: a release leads back to its table, with columns all the way", async () => {
  const user = mesh().user();
  const sourceId = await createFileSource(mesh(), user, "orders.csv", "id,total\n1,2\n");
  await user.catalog.discover({ sourceId });
  const { tables } = await user.catalog.listTables({ sourceId });
  const tableId = tables[0]?.tableId ?? "";
  const { record, client, idOf } = createRecorder(mesh(), user);
  const staged = { entityId: idOf("staged"), kind: LineageKind.DATASET, name: "staged" };
  await client.recordLineage({
    job: { entityId: idOf("staging"), kind: LineageKind.JOB, name: "staging" },
    inputs: [{ entityId: tableId, kind: LineageKind.TABLE, name: "what staging calls it" }],
    outputs: [staged],
    columns: ["id", "total"].map((column) => ({
      inputEntityId: tableId,
      inputColumn: column,
      outputEntityId: staged.entityId,
      outputColumn: column,
    })),
  });
  await record("release", ["staged"], ["published"], [["staged", "id", "published", "id"]]);

  const upstream = await user.lineage.getUpstream({ entityId: idOf("published") });
  expect(spelled(upstream)).toEqual({
    nodes: ["published", "release", "staged", "staging", "orders"],
    edges: ["orders > staging", "release > published", "staged > release", "staging > staged"],
    columns: [
      "orders > staging: orders.id > id IDENTITY",
      "orders > staging: orders.total > total IDENTITY",
      "release > published: staged.id > id IDENTITY",
      "staged > release: staged.id > id IDENTITY",
      "staging > staged: orders.id > id IDENTITY",
      "staging > staged: orders.total > total IDENTITY",
    ],
    truncated: false,
  });
  expect(upstream.nodes.at(-1)).toMatchObject({
    entityId: tableId,
    kind: LineageKind.TABLE,
    namespace: `sluice/source/${sourceId}`,
    name: "orders",
    parentEntityId: "",
  });
  expect(upstream.nodes[0]).toMatchObject({ kind: LineageKind.DATASET, namespace: "sluice" });
  expect(upstream.nodes[1]?.kind).toBe(LineageKind.JOB);

  const downstream = await user.lineage.getDownstream({ entityId: tableId });
  expect(downstream.nodes.map(({ name }) => name)).toEqual([
    "orders",
    "staging",
    "staged",
    "release",
    "published",
  ]);
  const around = await user.lineage.getLineage({ entityId: idOf("staged"), depth: 1 });
  expect(spelled(around)).toMatchObject({
    nodes: ["staged", "staging", "release"],
    edges: ["staged > release", "staging > staged"],
    truncated: true,
  });
});

test("OK: the depth bounds what is read, and says that there is more", async () => {
  const user = mesh().user();
  const { record, idOf } = createRecorder(mesh(), user);
  const chain = Array.from({ length: 15 }, (_, index) => `d${index}`);
  for (const [index, name] of chain.slice(1).entries()) await record(`j${index}`, [`d${index}`], [name]);
  const entityId = idOf("d14");
  const near = await user.lineage.getUpstream({ entityId, depth: 3 });
  expect(near.nodes.map(({ name }) => name)).toEqual(["d14", "j13", "d13", "j12"]);
  expect(near.truncated).toBe(true);
  const byDefault = await user.lineage.getUpstream({ entityId });
  expect(byDefault.nodes).toHaveLength(21);
  expect(byDefault.truncated).toBe(true);
  const exactly = await user.lineage.getUpstream({ entityId, depth: 28 });
  expect(exactly.nodes).toHaveLength(29);
  expect(exactly.truncated).toBe(false);
});

test("OK: a wide graph is cut at 1000 nodes", async () => {
  const user = mesh().user();
  const { record, idOf } = createRecorder(mesh(), user);
  const inputs = Array.from({ length: 1500 }, (_, index) => `input ${index}`);
  await record("fits", inputs.slice(0, 999), []);
  const whole = await user.lineage.getUpstream({ entityId: idOf("fits") });
  expect([whole.nodes.length, whole.edges.length, whole.truncated]).toEqual([1000, 999, false]);
  await record("wide", inputs, []);
  for (const answer of [
    await user.lineage.getUpstream({ entityId: idOf("wide") }),
    await user.lineage.getLineage({ entityId: idOf("wide") }),
  ]) {
    expect([answer.nodes.length, answer.nodes[0]?.name, answer.truncated]).toEqual([1000, "wide", true]);
  }
});

test("OK: a dense graph is cut at 10,000 edges, and at 10,000 columns", async () => {
  const user = mesh().user();
  const { record, idOf } = createRecorder(mesh(), user);
  const inputs = Array.from({ length: 120 }, (_, index) => `input ${index}`);
  for (let index = 0; index < 90; index++) await record(`job ${index}`, inputs, ["output"]);
  const dense = await user.lineage.getUpstream({ entityId: idOf("output") });
  expect([dense.nodes.length, dense.edges.length, dense.truncated]).toEqual([211, 10_000, true]);
  const columns = Array.from({ length: 6000 }, (_, index) => ["a", `c${index}`, "b", `c${index}`] as const);
  await record("columns", ["a"], ["b"], columns);
  const many = await user.lineage.getUpstream({ entityId: idOf("b") });
  expect([many.edges.flatMap((edge) => edge.columns).length, many.truncated]).toEqual([10_000, true]);
  const few = await user.lineage.getUpstream({ entityId: idOf("b"), depth: 1 });
  expect(few.edges.flatMap((edge) => edge.columns)).toHaveLength(6000);
});

test("OK: two organisations record the same ids and see their own", async () => {
  const [one, other] = [mesh().user(), mesh().user()];
  const first = createRecorder(mesh(), one);
  await first.record("job", ["a"], ["b"]);
  const entity = (name: string) => ({ entityId: first.idOf(name), kind: LineageKind.DATASET, name });
  await mesh()
    .as("approval", LineageService, other.who)
    .recordLineage({
      job: { ...entity("job"), kind: LineageKind.JOB },
      inputs: [entity("elsewhere")],
      outputs: [entity("b")],
    });
  const mine = await one.lineage.getUpstream({ entityId: first.idOf("b") });
  expect(mine.nodes.map(({ name }) => name)).toEqual(["b", "job", "a"]);
  const theirs = await other.lineage.getUpstream({ entityId: first.idOf("b") });
  expect(theirs.nodes.map(({ name }) => name)).toEqual(["b", "job", "elsewhere"]);
});

test("OK: ids are the same in upper case", async () => {
  const user = mesh().user();
  const { client, idOf } = createRecorder(mesh(), user);
  const upper = (name: string) => ({
    entityId: idOf(name).toUpperCase(),
    kind: LineageKind.DATASET,
    name,
  });
  await client.recordLineage({
    job: { ...upper("job"), kind: LineageKind.JOB },
    inputs: [upper("a")],
    outputs: [upper("x")],
    columns: [
      {
        inputEntityId: idOf("a"),
        inputColumn: "c",
        outputEntityId: idOf("x").toUpperCase(),
        outputColumn: "d",
      },
    ],
  });
  const answer = await user.lineage.getUpstream({ entityId: idOf("x").toUpperCase() });
  expect(spelled(answer)).toMatchObject({
    nodes: ["x", "job", "a"],
    columns: ["a > job: a.c > d IDENTITY", "job > x: a.c > d IDENTITY"],
  });
});

test("NotFound: an entity that nobody recorded, and another organisation's", async () => {
  const { record, idOf } = createRecorder(mesh(), mesh().user());
  await record("job", ["a"], ["b"]);
  for (const entityId of [idOf("b"), randomUUID()]) {
    const call = mesh().user().lineage.getUpstream({ entityId });
    expect(await failureOf(call)).toMatchObject({
      code: Code.NotFound,
      message: `entity ${entityId} not found`,
    });
  }
});

test("InvalidArgument: an id that is none, and a depth out of bounds", async () => {
  const { lineage } = mesh().user();
  expect(await failureOf(lineage.getUpstream({ entityId: "orders" }))).toMatchObject({
    code: Code.InvalidArgument,
    fields: ["entity_id"],
  });
  for (const depth of [-1, 101]) {
    const call = lineage.getUpstream({ entityId: randomUUID(), depth });
    expect(await failureOf(call)).toMatchObject({ code: Code.InvalidArgument, fields: ["depth"] });
  }
});
