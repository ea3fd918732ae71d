import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  createFileSource,
  failureOf,
  type Orchestration,
  startOrchestration,
  type User,
} from "./orchestration.ts";

let mesh: Orchestration;
beforeAll(async () => {
  mesh = await startOrchestration();
});
afterAll(() => mesh[Symbol.asyncDispose]());

async function discoveredTable(user: User, name: string) {
  const sourceId = await createFileSource(mesh, user, `${name}.csv`, "a\n1\n");
  const { added } = await user.catalog.discover({ sourceId });
  return { sourceId, table: added[0] };
}

test("OK: GetTable answers what the discovery found", async () => {
  const user = mesh.user();
  const { table } = await discoveredTable(user, "one");
  expect(await user.catalog.getTable({ tableId: table?.tableId ?? "" })).toMatchObject({ table });
});

test("NotFound: GetTable of an unknown table, and of another organisation's", async () => {
  const { table } = await discoveredTable(mesh.user(), "one");
  for (const tableId of [table?.tableId ?? "", randomUUID()]) {
    expect(await failureOf(mesh.user().catalog.getTable({ tableId }))).toEqual({
      code: Code.NotFound,
      reason: "RESOURCE_NOT_FOUND",
      fields: [],
      message: `table ${tableId} not found`,
    });
  }
});

test("OK: ListTables pages, and takes one source or schema", async () => {
  const user = mesh.user();
  const first = await discoveredTable(user, "first");
  const second = await discoveredTable(user, "second");
  await discoveredTable(mesh.user(), "others");
  const page = await user.catalog.listTables({ pageSize: 1 });
  expect(page.tables).toEqual([first.table]);
  const next = await user.catalog.listTables({ pageSize: 1, pageToken: page.nextPageToken });
  expect(next).toMatchObject({ tables: [second.table], nextPageToken: "" });
  expect((await user.catalog.listTables({ sourceId: second.sourceId })).tables).toEqual([second.table]);
  expect((await user.catalog.listTables({ schemaName: "public" })).tables).toEqual([]);
});

test("InvalidArgument: ListTables with a source id that is none, a token of another question", async () => {
  const user = mesh.user();
  await discoveredTable(user, "first");
  await discoveredTable(user, "second");
  expect(await failureOf(user.catalog.listTables({ sourceId: "x" }))).toMatchObject({
    code: Code.InvalidArgument,
    fields: ["source_id"],
  });
  const { nextPageToken: pageToken } = await user.catalog.listTables({ pageSize: 1 });
  expect(await failureOf(user.catalog.listTables({ pageToken, schemaName: "x" }))).toMatchObject({
    code: Code.InvalidArgument,
    reason: "PAGE_TOKEN_INVALID",
  });
});
