import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { discoverTable, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

test("OK: ListTables pages, and takes one source or schema", async () => {
  const user = mesh().user();
  const first = await discoverTable(mesh(), user, "first");
  const second = await discoverTable(mesh(), user, "second");
  await discoverTable(mesh(), mesh().user(), "others");
  const page = await user.catalog.listTables({ pageSize: 1 });
  expect(page.tables).toEqual([second.table]);
  const next = await user.catalog.listTables({ pageSize: 1, pageToken: page.nextPageToken });
  expect(next).toMatchObject({ tables: [first.table], nextPageToken: "" });
  expect((await user.catalog.listTables({ sourceId: second.sourceId })).tables).toEqual([second.table]);
  expect((await user.catalog.listTables({ schemaName: "public" })).tables).toEqual([]);
});

test("InvalidArgument: ListTables with a source id that is none, a token of another question", async () => {
  const user = mesh().user();
  await discoverTable(mesh(), user, "first");
  await discoverTable(mesh(), user, "second");
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
