import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { createRecorder, spelled } from "./lineage-graph.ts";
import { failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

test("OK: a cycle ends, and an edge to itself", async () => {
  const user = mesh().user();
  const { record, idOf } = createRecorder(mesh(), user);
  await record("refresh", ["a", "b"], ["b"]);
  await record("rebuild", ["b"], ["a"]);
  const edges = ["a > refresh", "b > rebuild", "b > refresh", "rebuild > a", "refresh > b"];
  for (const answer of [
    await user.lineage.getUpstream({ entityId: idOf("a") }),
    await user.lineage.getDownstream({ entityId: idOf("a") }),
    await user.lineage.getLineage({ entityId: idOf("a") }),
  ]) {
    expect(spelled(answer).edges).toEqual(edges);
    expect(answer.nodes.map(({ name }) => name).sort()).toEqual(["a", "b", "rebuild", "refresh"]);
    expect(answer.truncated).toBe(false);
  }
});

test("NotFound: an entity that nobody recorded, and another organisation's", async () => {
  const { record, idOf } = createRecorder(mesh(), mesh().user());
  await record("job", ["a"], ["b"]);
  const { lineage } = mesh().user();
  for (const entityId of [idOf("b"), randomUUID()]) {
    for (const ask of [lineage.getLineage, lineage.getUpstream, lineage.getDownstream]) {
      expect(await failureOf(ask({ entityId }))).toEqual({
        code: Code.NotFound,
        reason: "RESOURCE_NOT_FOUND",
        fields: [],
        message: `entity ${entityId} not found`,
      });
    }
  }
});

test("InvalidArgument: an id that is none, and a depth out of bounds", async () => {
  const { lineage } = mesh().user();
  const entityId = randomUUID();
  for (const ask of [lineage.getLineage, lineage.getUpstream, lineage.getDownstream]) {
    expect(await failureOf(ask({ entityId: "orders" }))).toMatchObject({
      code: Code.InvalidArgument,
      fields: ["entity_id"],
    });
    for (const depth of [-1, 101]) {
      expect(await failureOf(ask({ entityId, depth }))).toMatchObject({
        code: Code.InvalidArgument,
        fields: ["depth"],
      });
    }
  }
});

test("OK: what the entity was made of and what was made of it", async () => {
  const user = mesh().user();
  const { record, idOf } = createRecorder(mesh(), user);
  await record("before", ["a"], ["b"]);
  await record("after", ["b"], ["c"]);
  const around = await user.lineage.getLineage({ entityId: idOf("b") });
  expect(spelled(around)).toMatchObject({
    edges: ["a > before", "after > c", "b > after", "before > b"],
    truncated: false,
  });
});
