import { randomUUID } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import type { GetImpactResponse } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { runEvent, spelled } from "./lineage-graph.ts";
import { failureOf, startOrchestration, type User } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

type Flow = { to: string; from: string; columns: Record<string, string>; filter?: string; owner?: string };

/** A job that makes one data set of another, column by column; `filter` is a column that selects its rows. */
function flowEvent({ to, from, columns, filter, owner }: Flow): JsonObject {
  const input = { namespace: "db", name: from };
  const fields = Object.fromEntries(
    Object.entries(columns).map(([name, field]) => [name, { inputFields: [{ ...input, field }] }]),
  );
  const indirect = {
    ...input,
    field: filter ?? "",
    transformations: [{ type: "INDIRECT", subtype: "FILTER" }],
  };
  const columnLineage = { fields, dataset: filter ? [indirect] : [] };
  const ownership = { owners: owner ? [{ name: owner, type: "MAINTAINER" }] : [] };
  return runEvent({
    run: { runId: randomUUID() },
    job: { namespace: "etl", name: `${from} to ${to}` },
    inputs: [input],
    outputs: [{ namespace: "db", name: to, facets: { columnLineage, ownership } }],
  });
}

/** raw.id > clean.id > mart.key, raw.total > clean.total > report.sum, and raw.status selects the rows of flags. */
async function ingestFlows({ lineage }: User) {
  const { results } = await lineage.ingestBatch({
    events: [
      flowEvent({ from: "clean", to: "mart", columns: { key: "id" }, owner: "mart team" }),
      flowEvent({ from: "raw", to: "clean", columns: { id: "id", total: "total" }, owner: "core team" }),
      flowEvent({ from: "clean", to: "report", columns: { sum: "total" }, owner: "finance" }),
      flowEvent({
        from: "raw",
        to: "flags",
        columns: { flag: "code" },
        filter: "status",
        owner: "core team",
      }),
      flowEvent({ from: "flags", to: "alerts", columns: { alert: "flag" }, owner: "on call" }),
    ],
  });
  expect(results.map(({ message }) => message)).toEqual(["", "", "", "", ""]);
  return async (name: string) =>
    (await lineage.findEntities({ namespace: "db", name })).nodes[0]?.entityId ?? "";
}

const impactOf = ({ entities, owners }: GetImpactResponse) => ({
  entities: entities.map(({ node, distance, columns }) => [node?.name, distance, columns.join()]).sort(),
  owners,
});

test("OK: the data sets that a change of a data set, or of one of its columns, affects, and their owners", async () => {
  const user = mesh().user();
  const idOf = await ingestFlows(user);
  const entityId = await idOf("raw");
  const all = await user.lineage.getImpact({ entityId });
  expect(impactOf(all)).toEqual({
    entities: [
      ["alerts", 4, ""],
      ["clean", 2, ""],
      ["flags", 2, ""],
      ["mart", 4, ""],
      ["report", 4, ""],
    ],
    owners: ["core team", "finance", "mart team", "on call"],
  });
  expect(impactOf(await user.lineage.getImpact({ entityId, column: "id" }))).toEqual({
    entities: [
      ["clean", 2, "id"],
      ["mart", 4, "key"],
    ],
    owners: ["core team", "mart team"],
  });
  // The column selects the rows of flags, so whatever is made of them may change.
  expect(impactOf(await user.lineage.getImpact({ entityId, column: "status" }))).toEqual({
    entities: [
      ["alerts", 4, "alert"],
      ["flags", 2, ""],
    ],
    owners: ["core team", "on call"],
  });
  const near = await user.lineage.getImpact({ entityId, column: "total", depth: 2 });
  expect(impactOf(near)).toEqual({ entities: [["clean", 2, "total"]], owners: ["core team"] });
  expect([near.truncated, all.truncated]).toEqual([true, false]);
  expect(impactOf(await user.lineage.getImpact({ entityId, column: "unknown" }))).toEqual({
    entities: [],
    owners: [],
  });
});

test("OK: the graph of a column, up and down", async () => {
  const user = mesh().user();
  const idOf = await ingestFlows(user);
  const up = await user.lineage.getUpstream({ entityId: await idOf("report"), column: "sum" });
  expect(spelled(up)).toEqual({
    nodes: expect.arrayContaining(["report", "clean to report", "clean", "raw to clean", "raw"]),
    edges: [
      "clean > clean to report",
      "clean to report > report",
      "raw > raw to clean",
      "raw to clean > clean",
    ],
    columns: [
      "clean > clean to report: clean.total > sum",
      "clean to report > report: clean.total > sum",
      "raw > raw to clean: raw.total > total",
      "raw to clean > clean: raw.total > total",
    ],
    truncated: false,
  });
  const alert = await user.lineage.getUpstream({ entityId: await idOf("alerts"), column: "alert" });
  expect(spelled(alert).columns).toContain("raw > raw to flags: raw.status > * FILTER");
  const both = await user.lineage.getLineage({ entityId: await idOf("clean"), column: "id" });
  expect(spelled(both).nodes.sort()).toEqual(["clean", "clean to mart", "mart", "raw", "raw to clean"]);
  const indirect = alert.edges.flatMap(({ columns }) => columns.filter((column) => column.indirect));
  expect(indirect.map(({ fromColumn, toColumn }) => [fromColumn, toColumn])).toEqual([
    ["status", ""],
    ["status", ""],
  ]);
});

test("NotFound: an entity of another organisation", async () => {
  const entityId = await (await ingestFlows(mesh().user()))("raw");
  expect(await failureOf(mesh().user().lineage.getImpact({ entityId }))).toMatchObject({
    code: Code.NotFound,
    message: `entity ${entityId} not found`,
  });
});

test("InvalidArgument: an id that is none, a long column and a depth out of bounds", async () => {
  const call = mesh()
    .user()
    .lineage.getImpact({ entityId: "raw", column: "x".repeat(256), depth: 101 });
  expect(await failureOf(call)).toMatchObject({
    code: Code.InvalidArgument,
    fields: ["entity_id", "column", "depth"],
  });
});
