import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { discoverTable, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

test("OK: GetTable answers what the discovery found", async () => {
  const user = mesh().user();
  const { table } = await discoverTable(mesh(), user, "one");
  expect(await user.catalog.getTable({ tableId: table?.tableId ?? "" })).toMatchObject({ table });
});

test("NotFound: GetTable of an unknown table, and of another organisation's", async () => {
  const { table } = await discoverTable(mesh(), mesh().user(), "one");
  for (const tableId of [table?.tableId ?? "", randomUUID()]) {
    expect(await failureOf(mesh().user().catalog.getTable({ tableId }))).toEqual({
      code: Code.NotFound,
      reason: "RESOURCE_NOT_FOUND",
      fields: [],
      message: `table ${tableId} not found`,
    });
  }
});
