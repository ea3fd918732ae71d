import type { JsonObject } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { NamespaceContentState } from "../../gen/sluice/common/v1/namespaces_pb.ts";
import { NamespaceContentService } from "../../gen/sluice/orchestration/v1/namespaces_pb.ts";
import { openPool } from "../../services/lib/database/database.ts";
import { createLog } from "../../services/lib/telemetry/log.ts";
import { projectPending } from "../../services/orchestration/lineage/events/projector.ts";
import { rebuildGraph } from "../../services/orchestration/lineage/rebuild/rebuild-graph.ts";
import { forFile } from "../lib/for-file.ts";
import { createRecorder, runEvent } from "./lineage-graph.ts";
import { type Orchestration, startOrchestration, type User } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const pool = forFile(async () =>
  openPool({ url: mesh().config.databaseUrl, service: "orchestration", name: "test", connectionsMax: 2 }),
);
const seed = 20261130;

/** The graph of an organisation by names, without the times of arrival. */
async function graphOf({ database: { sql } }: Orchestration, orgId: string) {
  const name = (id: string) =>
    `(select namespace || '/' || name from orchestration.lineage_entities e
      where e.org_id = row.org_id and e.entity_id = row.${id})`;
  const read = (columns: string, table: string) =>
    sql.unsafe(
      `select ${columns} from orchestration.${table} row where org_id = $1 order by 1, 2, 3, 4, 5, 6`,
      [orgId],
    );
  const owners = "(select array_agg(o order by o) from unnest(owners) o)";
  return {
    entities: await read(
      `namespace, name, kind::text, ${name("parent_entity_id")}, owner_namespace, parent_time::text, ${owners}, owners_time::text`,
      "lineage_entities",
    ),
    edges: await read(
      `${name("from_entity_id")}, ${name("to_entity_id")}, first_time::text, last_time::text, 1, 1`,
      "lineage_edges",
    ),
    columns: await read(
      `${name("from_entity_id")}, ${name("to_entity_id")}, to_column, ${name("column_entity_id")}, from_column,
       transformation::text`,
      "lineage_columns",
    ),
  };
}

const nameOf = fc.constantFrom("a", "b", "c", "d");
const dataset = fc.record({ namespace: fc.constant("db"), name: nameOf });
const ownership = fc.record({ owners: fc.array(fc.record({ name: nameOf }), { maxLength: 2 }) });
const inputField = fc.record({
  namespace: fc.constant("db"),
  name: nameOf,
  field: nameOf,
  transformations: fc.array(
    fc.constantFrom({ type: "DIRECT", subtype: "IDENTITY" }, { type: "INDIRECT", subtype: "JOIN" }),
    { maxLength: 2 },
  ),
});
const output = fc.record({
  namespace: fc.constant("db"),
  name: nameOf,
  facets: fc.record({
    ownership,
    symlinks: fc.record({ identifiers: fc.array(dataset, { maxLength: 1 }) }),
    columnLineage: fc.record({
      fields: fc.dictionary(nameOf, fc.record({ inputFields: fc.array(inputField, { maxLength: 2 }) }), {
        maxKeys: 2,
      }),
      dataset: fc.array(inputField, { maxLength: 1 }),
    }),
  }),
});
// Few times, so that many events have the same one.
const eventTime = fc.constantFrom(
  "2026-11-20T10:00:00Z",
  "2026-11-20T11:00:00.001+01:00",
  "2026-11-20T10:00:02.5",
);
const event = fc.record({
  eventType: fc.constantFrom("START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"),
  eventTime,
  run: fc.record({
    runId: fc.uuid(),
    facets: fc.option(
      fc.record({ parent: fc.record({ job: fc.record({ namespace: fc.constant("etl"), name: nameOf }) }) }),
      {
        nil: null,
      },
    ),
  }),
  job: fc.record({ namespace: fc.constant("etl"), name: nameOf, facets: fc.record({ ownership }) }),
  inputs: fc.array(dataset, { maxLength: 3 }),
  outputs: fc.array(output, { maxLength: 2 }),
}) as fc.Arbitrary<JsonObject>;

/** Events, and several ways in which they arrive: orders with repetitions, cut into batches that run at once. */
const scene = fc.array(event, { minLength: 1, maxLength: 12 }).chain((events) => {
  const arrival = fc
    .tuple(
      fc.shuffledSubarray(events, { minLength: events.length, maxLength: events.length }),
      fc.array(fc.nat(events.length - 1), { maxLength: 6 }),
      fc.integer({ min: 1, max: 5 }),
    )
    .map(([order, again, size]) => ({
      order: [...order, ...again.map((index) => events[index] as JsonObject)],
      size,
    }));
  return fc.record({ arrivals: fc.array(arrival, { minLength: 2, maxLength: 2 }) });
});

async function arrive({ lineage }: User, order: readonly JsonObject[], size: number): Promise<void> {
  const batches = Array.from({ length: Math.ceil(order.length / size) }, (_, index) =>
    order.slice(index * size, (index + 1) * size),
  );
  await Promise.all(batches.map((events) => lineage.ingestBatch({ events: [...events] })));
}

/** Ids depend on the organisation, so two graphs of one are compared. */
async function deleteLineage(orchestration: Orchestration, orgId: string): Promise<void> {
  await deleteGraph(orchestration, orgId);
  await orchestration.database.sql`delete from orchestration.lineage_events where org_id = ${orgId}`;
}

async function deleteGraph({ database: { sql } }: Orchestration, orgId: string): Promise<void> {
  for (const table of ["columns", "edges", "entities"]) {
    await sql.unsafe(`delete from orchestration.lineage_${table} where org_id = $1`, [orgId]);
  }
}

test("OK: any order, any repetition and a rebuild give the same graph", async () => {
  await fc.assert(
    fc.asyncProperty(scene, async ({ arrivals }) => {
      const graphs = [];
      const user = mesh().user();
      for (const { order, size } of arrivals) {
        await deleteLineage(mesh(), user.who.orgId);
        await arrive(user, order, size);
        graphs.push(await graphOf(mesh(), user.who.orgId));
        await rebuildGraph(pool().db, user.who.orgId);
        graphs.push(await graphOf(mesh(), user.who.orgId));
      }
      for (const graph of graphs) expect(graph).toEqual(graphs[0]);
    }),
    { seed, numRuns: 15, endOnFailure: true },
  );
});

test("OK: a rebuild repairs a damaged graph, and keeps what Sluice recorded itself", async () => {
  const user = mesh().user();
  const { orgId } = user.who;
  const { record, idOf } = createRecorder(mesh(), user);
  await record("release", ["staged"], ["published"], [["staged", "id", "published", "id"]]);
  const own = { namespace: "sluice", name: idOf("published") };
  await user.lineage.ingestEvent({ event: runEvent({ inputs: [own] }) });
  const whole = await graphOf(mesh(), orgId);
  const { sql } = mesh().database;
  await sql`delete from orchestration.lineage_edges where org_id = ${orgId} and from_entity_id = ${idOf("published")}`;
  await sql`update orchestration.lineage_entities set name = 'damaged' where org_id = ${orgId} and namespace = 'db'`;
  expect(await graphOf(mesh(), orgId)).not.toEqual(whole);
  expect(await rebuildGraph(pool().db, orgId)).toEqual({ eventCount: 1, isAdditive: false });
  expect(await graphOf(mesh(), orgId)).toEqual(whole);
});

test("OK: a rebuild only adds where events have no content", async () => {
  const user = mesh().user();
  const { orgId } = user.who;
  await user.lineage.ingestEvent({ event: runEvent() });
  const { sql } = mesh().database;
  await sql`update orchestration.lineage_events set event = null where org_id = ${orgId}`;
  await user.lineage.ingestEvent({ event: runEvent({ outputs: [{ namespace: "db", name: "c" }] }) });
  const whole = await graphOf(mesh(), orgId);
  expect(await rebuildGraph(pool().db, orgId)).toEqual({ eventCount: 1, isAdditive: true });
  expect(await graphOf(mesh(), orgId)).toEqual(whole);
});

test("OK: an event that arrives during a rebuild is kept, and added to the graph afterwards", async () => {
  const user = mesh().user();
  const { orgId } = user.who;
  const { sql } = mesh().database;
  const deps = { db: pool().db, log: createLog("test", { logLevel: "silent" }) };
  const { signal } = new AbortController();
  const key = `sluice lineage projection ${orgId}`;
  await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`;
    const { nodes, eventId, pending } = await user.lineage.ingestEvent({ event: runEvent() });
    expect([nodes, pending]).toEqual([[], true]);
    const again = await user.lineage.ingestBatch({
      events: [runEvent(), runEvent(), runEvent({ run: null })],
    });
    expect(again).toMatchObject({ recordedCount: 1, repeatedCount: 2, pendingCount: 2 });
    await projectPending(deps, new Date(Date.now() + 1000), signal);
    expect((await graphOf(mesh(), orgId)).entities).toEqual([]);
    const read = await user.lineage.getEvent({ eventId });
    expect(JSON.parse(Buffer.from(read.event?.data ?? []).toString())).toEqual(runEvent());
  });
  await projectPending(deps, new Date(Date.now() + 1000), signal);
  expect((await graphOf(mesh(), orgId)).entities).toHaveLength(3);
});

test("OK: events that can't be added to the graph are kept, and added when they can be", async () => {
  const user = mesh().user();
  const { orgId } = user.who;
  const { sql } = mesh().database;
  const bad = runEvent({ outputs: [{ namespace: "db", name: "unlucky" }] });
  await sql.unsafe(
    `alter table orchestration.lineage_entities add constraint unlucky check (name <> 'unlucky')`,
  );
  const refused = await user.lineage.ingestBatch({ events: [runEvent(), bad] });
  expect(refused).toMatchObject({ recordedCount: 2, repeatedCount: 0, pendingCount: 2 });
  const deps = { db: pool().db, log: createLog("test", { logLevel: "silent" }) };
  const project = () => projectPending(deps, new Date(Date.now() + 1000), new AbortController().signal);
  await project();
  // The other event is in the graph.
  expect((await graphOf(mesh(), orgId)).entities).toHaveLength(3);
  const single = await user.lineage.ingestEvent({ event: bad });
  expect([single.pending, single.eventId]).toEqual([true, refused.results[1]?.eventId]);
  expect(single.nodes.map(({ name }) => name).sort()).toEqual(["a", "copy"]);
  await sql.unsafe("alter table orchestration.lineage_entities drop constraint unlucky");
  const again = await user.lineage.ingestEvent({ event: bad });
  expect([again.pending, again.nodes.length]).toEqual([false, 3]);
  expect((await graphOf(mesh(), orgId)).entities).toHaveLength(4);
  const [left] = await sql`select from orchestration.lineage_unprojected_events where org_id = ${orgId}`;
  expect(left).toBeUndefined();
});

test("OK: events of a namespace that is being deleted stay pending, and are added if it opens again", async () => {
  const user = mesh().user();
  const { orgId } = user.who;
  const { sql } = mesh().database;
  await user.lineage.ingestEvent({ event: runEvent(), namespace: "leaving" });
  const { nodes } = await user.lineage.findEntities({ namespace: "db", name: "b" });
  // As if the call that recorded it had been interrupted.
  await sql`insert into orchestration.lineage_unprojected_events (org_id, event_id)
    select org_id, event_id from orchestration.lineage_events where org_id = ${orgId}`;
  await deleteGraph(mesh(), orgId);
  const setState = (state: NamespaceContentState) =>
    mesh()
      .as("identity", NamespaceContentService, user.who)
      .setNamespaceState({ orgId, namespace: "leaving", state });
  await setState(NamespaceContentState.CLOSED);
  const deps = { db: pool().db, log: createLog("test", { logLevel: "silent" }) };
  const project = () => projectPending(deps, new Date(Date.now() + 1000), new AbortController().signal);
  await project();
  expect((await graphOf(mesh(), orgId)).entities).toEqual([]);
  await setState(NamespaceContentState.OPEN);
  await project();
  expect((await graphOf(mesh(), orgId)).entities).toHaveLength(3);
  expect((await user.lineage.findEntities({ namespace: "db", name: "b" })).nodes[0]?.entityId).toBe(
    nodes[0]?.entityId,
  );
});
