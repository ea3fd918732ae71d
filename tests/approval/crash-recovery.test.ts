import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { AuditService } from "../../gen/sluice/approval/v1/audit_pb.ts";
import { ProjectService, ProjectState } from "../../gen/sluice/approval/v1/projects_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { failureOf } from "../lib/failure-of.ts";
import { type ServiceProcess, spawnService } from "../lib/service-process.ts";
import { createTestDatabase, type TestDatabase } from "../lib/test-database.ts";
import { type Peers, startPeers } from "./peers/peers.ts";
import type { Moment, Rpc } from "./peers/steps.ts";
import { approvalEnv, approved, eventsOf, type Team, team, validated } from "./release-fixtures.ts";

// A dead worker's job is retried within 15 seconds.
vi.setConfig({ testTimeout: 120_000 });
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 60_000, interval: 100 });

const stack = new AsyncDisposableStack();
let database: TestDatabase;
let peers: Peers;
beforeAll(async () => {
  database = stack.use(await createTestDatabase());
  peers = stack.use(await startPeers());
});
afterAll(() => stack.disposeAsync());

const start = () => {
  const { database_url, mesh_private_key, mesh_trusted_keys, ...env } = approvalEnv(
    database.urls.approval,
    peers,
  );
  return spawnService("approval", {
    ...env,
    DATABASE_URL: database_url,
    MESH_PRIVATE_KEY: mesh_private_key,
    MESH_TRUSTED_KEYS: mesh_trusted_keys,
  });
};

type Held = { by: Team; projectId: string; letGo(): void };

/** Begins a publication that is held at one of its calls. */
async function publishUpTo(service: ServiceProcess, rpc: Rpc, moment: Moment): Promise<Held> {
  const by = team({ service });
  const { projectId } = await approved({ service, peers }, by);
  const { reached, letGo } = peers.steps.hold(rpc, moment);
  await begin(by, projectId);
  await reached;
  return { by, projectId, letGo };
}

const begin = (by: Team, projectId: string) =>
  by.editor.projects.publishProject({ projectId, wait: { seconds: 0n } });

/** Locks the row that a publication writes next, which holds it within a transaction. */
async function lock(select: string, id: string): Promise<() => Promise<void>> {
  const connection = await database.sql.reserve();
  await connection.unsafe("begin");
  await connection.unsafe(select, [id]);
  return async () => {
    await connection.unsafe("rollback");
    connection.release();
  };
}

const chainRow = "select 1 from approval.chains where org_id = $1 for update";
const projectRow = "select 1 from approval.projects where project_id = $1 for update";

const waiters = async (count: number) => {
  await eventually(async () => {
    const [row] = await database.sql`
      select count(*)::int from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
    return row?.count;
  }).toBe(count);
};

/** Expects that a running process completes the work without another call. */
async function expectOneRelease(service: ServiceProcess, { by, projectId }: Pick<Held, "by" | "projectId">) {
  const projects = service.client(ProjectService, by.editor.who);
  const read = async () => (await projects.getProject({ projectId })).project;
  await eventually(async () => (await read())?.state).toBe(ProjectState.PUBLISHED);
  await eventually(() => peers.orchestration.lineage.has(projectId)).toBe(true);
  const project = await read();
  const stored = peers.storage.releases.get(projectId);
  expect(stored?.orgId).toBe(by.orgId);
  expect(project?.published).toMatchObject(stored?.files ?? []);
  expect(project?.published).toHaveLength(4);
  const [rows] = await database.sql`
    select count(*)::int from approval.published_files where project_id = ${projectId}`;
  expect(rows?.count).toBe(4);
  const names = await eventsOf({ ...by, editor: withEvents(service, by.editor.who, by) }, projectId);
  expect(names.slice(-3)).toEqual(["approved", "publish started", "published"]);
  const outputs = peers.orchestration.lineage.get(projectId)?.record.outputs.map(({ entityId }) => entityId);
  expect(outputs).toEqual([...new Set(project?.published.map(({ datasetId }) => datasetId))]);
  const verdict = await service.client(AuditService, by.approver.who).verifyChain({});
  expect(verdict).toMatchObject({ valid: true });
  expect(await projects.publishProject({ projectId })).toMatchObject({ published: project?.published });
}

const withEvents = (service: ServiceProcess, who: Principal, { editor }: Team): Team["editor"] => ({
  ...editor,
  audit: service.client(AuditService, who),
});

test("OK: kill -9 before, at and after storage's release leaves one release of each, finished unasked", async () => {
  await using killed = await start();
  const held = [
    await publishUpTo(killed, "getPrincipal", "before"),
    await publishUpTo(killed, "publishRelease", "before"),
    await publishUpTo(killed, "publishRelease", "after"),
  ];
  // Within the transaction that publishes it.
  const last = await publishUpTo(killed, "publishRelease", "after");
  const unlock = await lock(chainRow, last.by.orgId);
  last.letGo();
  await waiters(1);
  await killed.kill();
  await unlock();
  for (const { letGo } of held) letGo();
  await using restarted = await start();
  for (const each of [...held, last]) await expectOneRelease(restarted, each);
});

test("OK: kill -9 before, at and after the lineage's record, and after that is noted, leaves one release of each", async () => {
  await using killed = await start();
  const held = [
    await publishUpTo(killed, "recordLineage", "before"),
    await publishUpTo(killed, "recordLineage", "after"),
  ];
  const noting = await publishUpTo(killed, "recordLineage", "after");
  const unlock = await lock(projectRow, noting.projectId);
  noting.letGo();
  await waiters(1);
  const answers = await Promise.all(
    held.map(async ({ by, projectId }) => (await by.editor.projects.getProject({ projectId })).project),
  );
  await killed.kill();
  await unlock();
  for (const { letGo } of held) letGo();
  await using restarted = await start();
  for (const each of [...held, noting]) await expectOneRelease(restarted, each);
  for (const [index, { by, projectId }] of held.entries()) {
    const { project } = await restarted.client(ProjectService, by.editor.who).getProject({ projectId });
    expect(project?.published).toEqual(answers[index]?.published);
  }
});

test("OK: kill -9 in the transaction that begins a publication leaves the project approved", async () => {
  await using killed = await start();
  const by = team({ service: killed });
  const { projectId } = await approved({ service: killed, peers }, by);
  const unlock = await lock(chainRow, by.orgId);
  const call = failureOf(begin(by, projectId));
  await waiters(1);
  await killed.kill();
  await unlock();
  expect(await call).toMatchObject({ code: "Unavailable" });
  await using restarted = await start();
  const projects = restarted.client(ProjectService, by.editor.who);
  expect((await projects.getProject({ projectId })).project?.state).toBe(ProjectState.APPROVED);
  expect((await projects.publishProject({ projectId })).published).toHaveLength(4);
  await expectOneRelease(restarted, { by, projectId });
});

test("OK: kill -9 of packages at each step leaves one package of one staging job of each, finished unasked", async () => {
  await using killed = await start();
  const before = peers.staging.jobs.size;
  const held = [
    await packageUpTo(killed, "createJob", "before"),
    await packageUpTo(killed, "createJob", "after"),
    await packageUpTo(killed, "watchJob", "before"),
    await packageUpTo(killed, "getManifest", "after"),
  ];
  await killed.kill();
  for (const { letGo } of held) letGo();
  await using restarted = await start();
  for (const { by, projectId } of held) {
    const projects = restarted.client(ProjectService, by.editor.who);
    const read = async () => (await projects.getProject({ projectId })).project;
    await eventually(async () => (await read())?.state).toBe(ProjectState.PACKAGED);
    const project = await read();
    expect(peers.staging.jobs.get(project?.stagingJobId ?? "")?.sha256).toBe(project?.manifestSha256);
  }
  expect(peers.staging.jobs.size).toBe(before + held.length);
});

/** Begins a package that is held at one of its calls. */
async function packageUpTo(service: ServiceProcess, rpc: Rpc, moment: Moment): Promise<Held> {
  const by = team({ service });
  const { projectId } = await validated({ service, peers }, by);
  const { reached, letGo } = peers.steps.hold(rpc, moment);
  await by.editor.projects.packageProject({ projectId, wait: { seconds: 0n } });
  await reached;
  return { by, projectId, letGo };
}
