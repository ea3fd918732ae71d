import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { plan, tablesOf } from "./extracts.ts";
import { createHeldSource } from "./held-source.ts";
import { createFileSource, eventually, query, startOrchestration } from "./orchestration.ts";

/** Permits of a single user: twelve less the reserve of each class. */
const aloneMax = 9;

const mesh = forFile(startOrchestration);

test("OK: a user's executions wait for a permit; other users, organisations and jobs start at once", async () => {
  const user = mesh().user();
  const { sourceId, fileId, release } = await createHeldSource(mesh(), user);
  const other = await createFileSource(mesh(), user, "other.csv", "a\n2\n");
  const { other: otherTable = "" } = await tablesOf(user, other);
  const stranger = mesh().user();
  const strangers = await createFileSource(mesh(), stranger, "strangers.csv", "a\n3\n");
  const running = Array.from({ length: aloneMax + 2 }, () => query(user, sourceId, "FROM held"));
  const states = () =>
    mesh().database.sql`select state from orchestration.executions where state = 'running'`;
  await eventually(async () => (await states()).length).toBe(running.length);
  const colleague = mesh().user({ orgId: user.who.orgId });
  expect((await query(colleague, other, "FROM other")).rows).toEqual([["2"]]);
  expect((await query(stranger, strangers, "FROM strangers")).rows).toEqual([["3"]]);
  const tested = stranger.connectors.testConnection({ connector: "file", settings: { fileId } });
  expect(await tested).toMatchObject({ connected: false });
  await expect(plan(user, other, [otherTable])).resolves.toMatchObject({
    chunks: [{ rowCountExpected: 1n }],
  });
  release();
  for (const { rows } of await Promise.all(running)) expect(rows).toHaveLength(1);
  expect(mesh().peers.fetches(fileId)).toBeGreaterThanOrEqual(1);
  expect((await query(user, sourceId, "FROM held")).rows).toHaveLength(1);
});

test("OK: organisations at the same time see their own files only", async () => {
  const responses = await Promise.all(
    Array.from({ length: 6 }, async (_, index) => {
      const user = mesh().user();
      const sourceId = await createFileSource(mesh(), user, "mine.csv", `n\n${index}\n`);
      return (await query(user, sourceId, "FROM mine")).rows;
    }),
  );
  expect(responses).toEqual(Array.from({ length: 6 }, (_, index) => [[String(index)]]));
});
