import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { createFileSource, createSource, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

const fileSettings = () => ({ fileId: randomUUID() });

describe("DeleteSource", () => {
  test("OK: removes its tables, keeps the records of its executions", async () => {
    const user = mesh().user();
    const sourceId = await createFileSource(mesh(), user, "numbers.csv", "n\n1\n2\n");
    await user.catalog.discover({ sourceId });
    const { executionId } = await user.executions.executeQuery({ sourceId, sql: "FROM numbers" });
    await user.sources.deleteSource({ sourceId });
    expect(await failureOf(user.sources.getSource({ sourceId }))).toMatchObject({ code: Code.NotFound });
    expect((await user.catalog.listTables({})).tables).toEqual([]);
    expect((await user.executions.getExecution({ executionId })).execution).toMatchObject({ sourceId });
  });

  test("NotFound: twice, and another organisation's", async () => {
    const user = mesh().user();
    const sourceId = await createSource(user, "file", fileSettings());
    expect(await failureOf(mesh().user().sources.deleteSource({ sourceId }))).toMatchObject({
      code: Code.NotFound,
    });
    await user.sources.deleteSource({ sourceId });
    expect(await failureOf(user.sources.deleteSource({ sourceId }))).toMatchObject({ code: Code.NotFound });
  });
});

test("PermissionDenied: a viewer", async () => {
  const call = mesh()
    .user({ roles: ["viewer"] })
    .sources.deleteSource({ sourceId: randomUUID() });
  expect(await failureOf(call)).toMatchObject({
    code: Code.PermissionDenied,
    message: "permission sources.write is required",
  });
});
