import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { NamespaceContentState } from "../../gen/sluice/common/v1/namespaces_pb.ts";
import { ExecutionService } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { NamespaceContentService } from "../../gen/sluice/orchestration/v1/namespaces_pb.ts";
import { run } from "../../services/orchestration/run.ts";
import { forFile } from "../lib/for-file.ts";
import { startService, temporaryFolder } from "../lib/test-mesh.ts";
import { executionUpstream } from "./lineage-graph.ts";
import { configOf, createFileSource, eventually, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const user = forFile(() => mesh().user());
const sourceId = forFile(() => createFileSource(mesh(), user(), "orders.csv", "id,total\n1,2\n"));
beforeAll(async () => {
  await user().catalog.discover({ sourceId: sourceId() });
});

test("OK: an answer does not wait for the graph, and what the database broke off is recorded with the next", async () => {
  const { sql } = mesh().database;
  const ids: string[] = [];
  const execute = async () => {
    const statement = `select id as id${ids.length} from orders`;
    ids.push((await user().executions.executeQuery({ sourceId: sourceId(), sql: statement })).executionId);
  };
  await sql.begin(async (lock) => {
    await lock`lock table orchestration.lineage_entities in access exclusive mode`;
    await execute();
    const waiting = () => sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%lineage_entities%'`;
    await eventually(async () => (await waiting()).length).toBe(1);
  });
  await execute();
  for (const [index, executionId] of ids.entries()) {
    expect(await executionUpstream(user(), executionId)).toEqual({
      tables: ["orders"],
      columns: [`orders.id > id${index} IDENTITY`],
    });
  }
}, 120_000);

test("OK: a stop does not wait for a statement that is being read; the next start records it", async () => {
  const steps = Array.from({ length: 250 }, (_, index) => {
    return `c${index} as (select id from ${index === 0 ? "orders" : `c${index - 1}`})`;
  });
  const slow = `with ${steps.join(", ")} select id from c249`;
  await using folder = await temporaryFolder();
  const { database, peers } = mesh();
  const config = configOf({ databaseUrl: database.urls.orchestration, folder: folder.path, peers });
  const stopped = await startService(run, config);
  const { executionId } = await stopped
    .client(ExecutionService, user().who)
    .executeQuery({ sourceId: sourceId(), sql: slow });
  await stopped.stop();
  expect(await failureOf(user().lineage.getUpstream({ entityId: executionId }))).toMatchObject({
    reason: "RESOURCE_NOT_FOUND",
  });
  await using _next = await startService(run, config);
  expect(await executionUpstream(user(), executionId)).toEqual({ tables: [], columns: [] });
}, 120_000);

/** Adds an execution whose lineage is not recorded. Returns its id. */
async function insert(ageHours: number, namespace = "default"): Promise<string> {
  const { userId, orgId } = user().who;
  const time = (Date.now() - ageHours * 3_600_000).toString(16).padStart(12, "0");
  const id = `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
  await mesh().database.sql`
    insert into orchestration.executions
      (execution_id, org_id, namespace, source_id, sql, state, end_time, creator_user_id, process_id)
    values (${id}, ${orgId}, ${namespace}, ${sourceId()}, 'select sum(total) from orders', 'succeeded', now(),
      ${userId}, ${id})`;
  return id;
}

test("OK: what a crash left is recorded at the next start, once", async () => {
  const left: string[] = [];
  // More than one batch of the search.
  for (let index = 0; index < 120; index++) left.push(await insert(1));
  const old = await insert(25);
  await using folder = await temporaryFolder();
  const { database, peers } = mesh();
  const configIn = (name: string) =>
    configOf({ databaseUrl: database.urls.orchestration, folder: join(folder.path, name), peers });
  {
    await using _one = await startService(run, configIn("one"));
    await using _other = await startService(run, configIn("other"));
    for (const executionId of [left[0] ?? "", left[119] ?? ""]) {
      expect(await executionUpstream(user(), executionId)).toEqual({
        tables: ["orders"],
        columns: ["orders.total > _col_0 AGGREGATION"],
      });
    }
  }
  const [recorded] = await database.sql`
    select count(*)::int from orchestration.lineage_edges where to_entity_id in ${database.sql(left)}`;
  expect(recorded?.count).toBe(120);
  expect(await failureOf(user().lineage.getUpstream({ entityId: old }))).toMatchObject({
    reason: "RESOURCE_NOT_FOUND",
  });
}, 120_000);

test("OK: an execution of a namespace that is deleted meanwhile is not recorded, unless the namespace opens again", async () => {
  const { database, peers } = mesh();
  const { orgId } = user().who;
  const setState = (state: NamespaceContentState) =>
    mesh()
      .as("identity", NamespaceContentService, user().who)
      .setNamespaceState({ orgId, namespace: "leaving", state });
  await setState(NamespaceContentState.CLOSED);
  const left = await insert(2, "leaving");
  const other = await insert(1);
  await using folder = await temporaryFolder();
  const config = configOf({ databaseUrl: database.urls.orchestration, folder: folder.path, peers });
  await using service = await startService(run, config);
  const recorded = { tables: ["orders"], columns: ["orders.total > _col_0 AGGREGATION"] };
  // Both are of one batch.
  expect(await executionUpstream(user(), other)).toEqual(recorded);
  expect(await failureOf(user().lineage.getUpstream({ entityId: left }))).toMatchObject({
    reason: "RESOURCE_NOT_FOUND",
  });
  await setState(NamespaceContentState.OPEN);
  const client = service.client(ExecutionService, user().who);
  await client.executeQuery({ sourceId: sourceId(), sql: "select id from orders" });
  expect(await executionUpstream(user(), left)).toEqual(recorded);
}, 120_000);
