import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { createRecorder, spelled } from "./lineage-graph.ts";
import { failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

test("OK: what was made of the entity, and not what it was made of", async () => {
  const user = mesh().user();
  const { record, idOf } = createRecorder(mesh(), user);
  await record("before", ["a"], ["b"]);
  await record("after", ["b"], ["c"]);
  const downstream = await user.lineage.getDownstream({ entityId: idOf("b") });
  expect(spelled(downstream)).toMatchObject({
    nodes: ["b", "after", "c"],
    edges: ["after > c", "b > after"],
    truncated: false,
  });
});

test("NotFound: an entity that nobody recorded, and another organisation's", async () => {
  const { record, idOf } = createRecorder(mesh(), mesh().user());
  await record("job", ["a"], ["b"]);
  for (const entityId of [idOf("b"), randomUUID()]) {
    const call = mesh().user().lineage.getDownstream({ entityId });
    expect(await failureOf(call)).toMatchObject({
      code: Code.NotFound,
      message: `entity ${entityId} not found`,
    });
  }
});

test("InvalidArgument: an id that is none, and a depth out of bounds", async () => {
  const { lineage } = mesh().user();
  expect(await failureOf(lineage.getDownstream({ entityId: "orders" }))).toMatchObject({
    code: Code.InvalidArgument,
    fields: ["entity_id"],
  });
  for (const depth of [-1, 101]) {
    const call = lineage.getDownstream({ entityId: randomUUID(), depth });
    expect(await failureOf(call)).toMatchObject({ code: Code.InvalidArgument, fields: ["depth"] });
  }
});
