import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { failureOf as detailedFailureOf } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import {
  createFileSource,
  createSource,
  eventually,
  failureOf,
  startOrchestration,
} from "./orchestration.ts";

const mesh = forFile(startOrchestration);

test("OK: a failed discovery leaves the catalog as it was", async () => {
  const user = mesh().user();
  const fileId = mesh().peers.addFile(user.who, "good.csv", "a\n1\n");
  const sourceId = await createSource(user, "file", { fileId });
  await user.catalog.discover({ sourceId });
  const before = await user.catalog.listTables({ sourceId });
  const settings = { fileId: mesh().peers.addFile(user.who, "bad.csv", "a,b\n1\n") };
  await user.sources.updateSource({ source: { sourceId, settings } });
  expect(await failureOf(user.catalog.discover({ sourceId }))).toMatchObject({
    reason: "SOURCE_DATA_INVALID",
  });
  expect(await user.catalog.listTables({ sourceId })).toEqual(before);
});

test("Aborted: the source is changed while its tables are read", async () => {
  const user = mesh().user();
  const fileId = mesh().peers.addFile(user.who, "held.csv", "a\n1\n");
  const sourceId = await createSource(user, "file", { fileId });
  const asked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  mesh().peers.beforeBytes = async (id) => {
    if (id !== fileId) return;
    asked.resolve();
    await release.promise;
  };
  const discovery = detailedFailureOf(user.catalog.discover({ sourceId }));
  await asked.promise;
  await user.sources.updateSource({ source: { sourceId, settings: { fileId, tableName: "other" } } });
  release.resolve();
  const metadata = { source: sourceId };
  expect(await discovery).toEqual({ code: "Aborted", reason: "STATE_CONFLICT", metadata });
  expect((await user.catalog.listTables({ sourceId })).tables).toEqual([]);
});

test("OK: of racing discoveries one adds, the others find nothing new", async () => {
  const user = mesh().user();
  const sourceId = await createFileSource(mesh(), user, "race.csv", "a\n1\n");
  const { sql } = mesh().database;
  const waiting = async () => {
    const rows = await sql`select 1 from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
    return rows.length;
  };
  // A barrier: every call reaches its transaction before the first may write.
  const { calls } = await sql.begin(async (tx) => {
    await tx`select 1 from orchestration.sources where source_id = ${sourceId} for update`;
    const discoveries = Array.from({ length: 4 }, () => user.catalog.discover({ sourceId }));
    await eventually(waiting).toBe(4);
    return { calls: discoveries };
  });
  const found = await Promise.all(calls);
  expect(found.map(({ added }) => added.length).sort()).toEqual([0, 0, 0, 1]);
  expect(found.map(({ unchangedCount }) => unchangedCount).sort()).toEqual([0, 1, 1, 1]);
  expect((await user.catalog.listTables({ sourceId })).tables).toHaveLength(1);
});

test("NotFound: an unknown source, and another organisation's", async () => {
  const sourceId = await createFileSource(mesh(), mesh().user(), "x.csv", "a\n1\n");
  for (const id of [sourceId, randomUUID()]) {
    expect(await failureOf(mesh().user().catalog.discover({ sourceId: id }))).toMatchObject({
      code: Code.NotFound,
      message: `source ${id} not found`,
    });
  }
});
