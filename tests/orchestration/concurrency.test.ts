import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { executionsMax } from "../../services/orchestration/executions/admission.ts";
import { plan, tablesOf } from "./extracts.ts";
import {
  createFileSource,
  eventually,
  failureOf,
  type Orchestration,
  query,
  startOrchestration,
} from "./orchestration.ts";

let mesh: Orchestration;
beforeAll(async () => {
  mesh = await startOrchestration();
});
afterAll(() => mesh[Symbol.asyncDispose]());

test("Unavailable: one execution more than a process takes; its place is free again afterwards", async () => {
  const user = mesh.user();
  const held = mesh.peers.addFile(user.who, "held.csv", "a\n1\n");
  const source = { displayName: "held", connector: "file", settings: { fileId: held } };
  const sourceId = (await user.sources.createSource({ source })).source?.sourceId ?? "";
  const other = await createFileSource(mesh, user, "other.csv", "a\n2\n");
  const { other: otherTable = "" } = await tablesOf(user, other);
  const release = Promise.withResolvers<void>();
  mesh.peers.beforeBytes = (fileId) => (fileId === held ? release.promise : undefined);
  const running = Array.from({ length: executionsMax }, () => query(user, sourceId, "FROM held"));
  const states = () => mesh.database.sql`select state from orchestration.executions where state = 'running'`;
  await eventually(async () => (await states()).length).toBe(executionsMax);
  const one = { sourceId, sql: "FROM held" };
  expect(await failureOf(user.executions.executeQuery(one))).toEqual({
    code: Code.Unavailable,
    reason: "SERVICE_BUSY",
    fields: [],
    message: "8 executions are running, more are not taken at the same time: try again",
  });
  expect(await failureOf(user.catalog.discover({ sourceId }))).toMatchObject({
    reason: "SERVICE_BUSY",
  });
  // Jobs have places of their own.
  await expect(plan(user, other, [otherTable])).resolves.toMatchObject({
    chunks: [{ rowCountExpected: 1n }],
  });
  release.resolve();
  for (const { rows } of await Promise.all(running)) expect(rows).toEqual([["1"]]);
  expect(mesh.peers.fetches(held)).toBeGreaterThanOrEqual(1);
  expect((await query(user, sourceId, "FROM held")).rows).toEqual([["1"]]);
});

test("OK: organisations at the same time see their own files only", async () => {
  const answers = await Promise.all(
    Array.from({ length: 6 }, async (_, index) => {
      const user = mesh.user();
      const sourceId = await createFileSource(mesh, user, "mine.csv", `n\n${index}\n`);
      return (await query(user, sourceId, "FROM mine")).rows;
    }),
  );
  expect(answers).toEqual(Array.from({ length: 6 }, (_, index) => [[String(index)]]));
});
