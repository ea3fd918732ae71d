import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { createCatalogSource } from "./catalog-sources.ts";
import { startForeignDatabase } from "./foreign-database.ts";
import { discoverTable, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);

test("OK: ListSchemas counts the tables of each schema, also after they have changed", async () => {
  const user = mesh().user();
  const { sourceId: ofFile } = await discoverTable(mesh(), user, "file");
  const { schema, sourceId, change, discover } = await createCatalogSource(
    mesh(),
    user,
    foreign(),
    "create table {s}.a (n int); create table {s}.b (n int)",
  );
  await discover();
  await discoverTable(mesh(), mesh().user(), "others");
  const list = async (request = {}) =>
    (await user.catalog.listSchemas(request)).schemas.map((each) => [
      each.sourceId,
      each.name,
      each.tableCount,
    ]);
  expect(await list()).toEqual([
    [sourceId, schema, 2],
    [ofFile, "", 1],
  ]);
  await change("drop table {s}.a");
  await discover();
  expect(await list({ sourceId })).toEqual([[sourceId, schema, 1]]);
  await change("drop table {s}.b");
  await discover();
  expect(await list({ orderBy: "name" })).toEqual([[ofFile, "", 1]]);
  await user.sources.moveSource({ sourceId: ofFile, namespace: "there" });
  expect(await list({ namespace: "default" })).toEqual([]);
  expect(await list({ namespace: "there" })).toEqual([[ofFile, "", 1]]);
});

test("InvalidArgument: ListSchemas with a filter, a token and a source that are none", async () => {
  const user = mesh().user();
  const failures = [
    user.catalog.listSchemas({ filter: "columns = 1" }),
    user.catalog.listSchemas({ pageToken: "x" }),
    user.catalog.listSchemas({ sourceId: "x" }),
  ].map(failureOf);
  expect(await Promise.all(failures)).toMatchObject([
    { code: Code.InvalidArgument, reason: "FILTER_INVALID" },
    { code: Code.InvalidArgument, reason: "PAGE_TOKEN_INVALID" },
    { code: Code.InvalidArgument, fields: ["source_id"] },
  ]);
});
