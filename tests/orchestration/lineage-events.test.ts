import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { LineageKind } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { completeEvent, datasetEvent, jobEvent, startEvent } from "./lineage-event-samples.ts";
import { countGraph, createRecorder, runEvent, spelled } from "./lineage-graph.ts";
import { createFileSource, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

const countsOf = (orgId: string) => countGraph(mesh(), orgId);

describe("OK: events of the Python client", () => {
  test("a run with column lineage, symlinks and a parent", async () => {
    const { lineage } = mesh().user();
    const started = await lineage.ingestEvent({ event: startEvent });
    expect(started.nodes.map(({ namespace, name }) => `${namespace} ${name}`)).toEqual([
      "airflow daily.revenue",
      "airflow daily",
    ]);
    const { nodes } = await lineage.ingestEvent({ event: completeEvent });
    const { DATASET, JOB } = LineageKind;
    expect(nodes.map(({ kind, namespace, name }) => [kind, namespace, name])).toEqual([
      [JOB, "airflow", "daily.revenue"],
      [JOB, "airflow", "daily"],
      [DATASET, "postgres://db.example.com:5432", "shop.public.orders"],
      [DATASET, "s3://lake", "warehouse/revenue"],
      [DATASET, "hive://metastore", "lake.revenue"],
    ]);
    const [job, parent, , output, symlink] = nodes;
    expect([job?.parentEntityId, parent?.parentEntityId]).toEqual([parent?.entityId, ""]);
    const upstream = await lineage.getUpstream({ entityId: symlink?.entityId ?? "" });
    expect(spelled(upstream)).toEqual({
      nodes: ["lake.revenue", "warehouse/revenue", "daily.revenue", "shop.public.orders"],
      edges: [
        "daily.revenue > warehouse/revenue",
        "lake.revenue > warehouse/revenue",
        "shop.public.orders > daily.revenue",
        "warehouse/revenue > lake.revenue",
      ],
      columns: [
        "daily.revenue > warehouse/revenue: shop.public.orders.id > order_id IDENTITY",
        "daily.revenue > warehouse/revenue: shop.public.orders.status > * FILTER",
        "daily.revenue > warehouse/revenue: shop.public.orders.status > revenue FILTER",
        "daily.revenue > warehouse/revenue: shop.public.orders.total > revenue AGGREGATION",
        "shop.public.orders > daily.revenue: shop.public.orders.id > order_id IDENTITY",
        "shop.public.orders > daily.revenue: shop.public.orders.status > * FILTER",
        "shop.public.orders > daily.revenue: shop.public.orders.status > revenue FILTER",
        "shop.public.orders > daily.revenue: shop.public.orders.total > revenue AGGREGATION",
      ],
      truncated: false,
    });
    const around = await lineage.getLineage({ entityId: output?.entityId ?? "" });
    expect(around.nodes).toHaveLength(4);
  });

  test("a JobEvent, and a DatasetEvent of the facet's first version", async () => {
    const { lineage } = mesh().user();
    await lineage.ingestEvent({ event: jobEvent });
    const { nodes } = await lineage.ingestEvent({ event: datasetEvent });
    expect(spelled(await lineage.getUpstream({ entityId: nodes[0]?.entityId ?? "" }))).toMatchObject({
      edges: ["a > b", "a > model", "model > b"],
      columns: ["a > b: a.y > x IDENTITY"],
    });
  });
});

test("OK: an event as the Java client sends it: nulls, no empty facets, a time with a zone", async () => {
  const { lineage } = mesh().user();
  const field = { namespace: "db", name: "a", field: "x", transformations: null };
  const columnLineage = {
    fields: { y: { inputFields: [field], transformationDescription: null, transformationType: null } },
  };
  const event = runEvent({
    eventTime: "2026-11-20T12:00:00.123+02:00",
    eventType: "RUNNING",
    run: { runId: randomUUID(), facets: null },
    inputs: null,
    outputs: [{ namespace: "db", name: "b", facets: { columnLineage, symlinks: null }, outputFacets: null }],
  });
  const { nodes } = await lineage.ingestEvent({ event });
  expect(spelled(await lineage.getDownstream({ entityId: nodes[2]?.entityId ?? "" }))).toMatchObject({
    nodes: ["a", "copy", "b"],
    columns: ["a > copy: a.x > y", "copy > b: a.x > y"],
  });
});

test("OK: an event of any type, or of none, names the same entities", async () => {
  const { lineage, who } = mesh().user();
  const types = ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER", null];
  const responses: string[][] = [];
  for (const eventType of types) {
    const { nodes } = await lineage.ingestEvent({ event: runEvent({ eventType }) });
    responses.push(nodes.map(({ entityId }) => entityId));
  }
  expect(new Set(responses.map((ids) => ids.join())).size).toBe(1);
  expect(await countsOf(who.orgId)).toEqual({ events: 7, entities: 3, edges: 2, columns: 0 });
});

test("OK: the same event again changes nothing, also 16 at once and in another order of its keys", async () => {
  const { lineage, who } = mesh().user();
  const reordered = Object.fromEntries(Object.entries(completeEvent).reverse());
  const responses = await Promise.all(
    Array.from({ length: 16 }, (_, index) =>
      lineage.ingestEvent({ event: index % 2 ? completeEvent : reordered }),
    ),
  );
  expect(new Set(responses.map(({ nodes }) => nodes.map(({ entityId }) => entityId).join())).size).toBe(1);
  expect(await countsOf(who.orgId)).toEqual({ events: 1, entities: 5, edges: 4, columns: 8 });
});

test("OK: many events about the same data sets at once, in any order, end in one graph", async () => {
  const { lineage, who } = mesh().user();
  const names = ["a", "b", "c", "d", "e"];
  const batchOf = (turn: number) =>
    names.map((_, index) => {
      const at = (shift: number) => names[(index + turn + shift) % names.length] ?? "";
      return runEvent({
        eventTime: `2026-11-20T10:00:${10 + turn}Z`,
        job: { namespace: "etl", name: `from ${at(0)}` },
        inputs: [{ namespace: "db", name: at(0) }],
        outputs: [
          { namespace: "db", name: at(1) },
          { namespace: "db", name: at(2) },
        ],
      });
    });
  await Promise.all(Array.from({ length: 16 }, (_, turn) => lineage.ingestBatch({ events: batchOf(turn) })));
  expect(await countsOf(who.orgId)).toEqual({ events: 80, entities: 10, edges: 15, columns: 0 });
});

test("OK: the parent of the earliest event counts, whichever event comes first", async () => {
  const { lineage } = mesh().user();
  const withParent = (name: string, eventTime: string) =>
    runEvent({
      eventTime,
      run: { runId: randomUUID(), facets: { parent: { run: {}, job: { namespace: "etl", name } } } },
    });
  await lineage.ingestEvent({ event: runEvent() });
  await lineage.ingestEvent({ event: withParent("late", "2026-11-20T10:00:02Z") });
  const { nodes } = await lineage.ingestEvent({ event: withParent("early", "2026-11-20T11:00:01+01:00") });
  await lineage.ingestEvent({ event: withParent("later", "2026-11-20T10:00:03Z") });
  const again = await lineage.getLineage({ entityId: nodes[0]?.entityId ?? "" });
  expect(again.nodes[0]?.parentEntityId).toBe(nodes[1]?.entityId);
  const own = await lineage.ingestEvent({
    event: runEvent({
      job: { namespace: "etl", name: "itself" },
      run: { runId: randomUUID(), facets: { parent: { job: { namespace: "etl", name: "itself" } } } },
    }),
  });
  expect(own.nodes[0]?.parentEntityId).toBe("");
});

test("OK: an input may be one of Sluice's own, by its id", async () => {
  const user = mesh().user();
  const sourceId = await createFileSource(mesh(), user, "orders.csv", "id\n1\n");
  await user.catalog.discover({ sourceId });
  const { tables } = await user.catalog.listTables({ sourceId });
  const { record, idOf } = createRecorder(mesh(), user);
  await record("release", ["staged"], ["published"]);
  const inputs = [idOf("published"), tables[0]?.tableId.toUpperCase() ?? ""].map((name) => ({
    namespace: "sluice",
    name,
  }));
  await user.lineage.ingestEvent({ event: runEvent({ inputs }) });
  const fromRelease = await user.lineage.getDownstream({ entityId: idOf("staged") });
  expect(fromRelease.nodes.map(({ name }) => name)).toEqual(["staged", "release", "published", "copy", "b"]);
  const fromTable = await user.lineage.getDownstream({ entityId: tables[0]?.tableId ?? "" });
  expect(fromTable.nodes.map(({ name }) => name)).toEqual(["orders", "copy", "b"]);
});

test("OK: an event with 10,000 data sets", async () => {
  const { lineage, who } = mesh().user();
  const inputs = Array.from({ length: 10_000 }, (_, index) => ({ namespace: "db", name: `t${index}` }));
  const { nodes } = await lineage.ingestEvent({ event: runEvent({ inputs }) });
  expect(nodes).toHaveLength(10_002);
  expect(await countsOf(who.orgId)).toEqual({ events: 1, entities: 10_002, edges: 10_001, columns: 0 });
});
