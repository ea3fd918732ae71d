import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { LineageKind } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { createRecorder, runEvent } from "./lineage-graph.ts";
import { failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

test("OK: a job and a data set of one name, by namespace and name; nothing of other organisations", async () => {
  const { lineage } = mesh().user();
  const { nodes } = await lineage.ingestEvent({
    event: runEvent({ job: { namespace: "db", name: "a" }, outputs: [{ namespace: "other", name: "a" }] }),
  });
  const found = await lineage.findEntities({ namespace: "db", name: "a" });
  const { JOB, DATASET } = LineageKind;
  expect(found.nodes.map(({ kind, namespace, name }) => [kind, namespace, name])).toEqual([
    [DATASET, "db", "a"],
    [JOB, "db", "a"],
  ]);
  expect(nodes).toEqual(expect.arrayContaining(found.nodes));
  const unknown = await lineage.findEntities({ namespace: "db", name: "A" });
  const foreign = await mesh().user().lineage.findEntities({ namespace: "db", name: "a" });
  expect([unknown.nodes, foreign.nodes]).toEqual([[], []]);
});

test("OK: Sluice's own data sets that share a name", async () => {
  const user = mesh().user();
  const [one, other] = [createRecorder(mesh(), user), createRecorder(mesh(), user)];
  await one.record("release", ["staged"], ["orders"]);
  await other.record("release", ["staged"], ["orders"]);
  const { nodes } = await user.lineage.findEntities({ namespace: "sluice", name: "orders" });
  expect(nodes.map(({ entityId }) => entityId)).toEqual([one.idOf("orders"), other.idOf("orders")].sort());
  expect(nodes.map(({ owners }) => owners)).toEqual([[user.who.userId], [user.who.userId]]);
});

test("InvalidArgument: no namespace, and a long name", async () => {
  const { lineage } = mesh().user();
  expect(await failureOf(lineage.findEntities({ namespace: "", name: "x".repeat(1025) }))).toMatchObject({
    code: Code.InvalidArgument,
    fields: ["namespace", "name"],
  });
});
