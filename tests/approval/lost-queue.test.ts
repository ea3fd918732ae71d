import { expect, test, vi } from "vitest";
import { ProjectService, ProjectState } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { parseConfig } from "../../services/approval/config.ts";
import { run } from "../../services/approval/run.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { startService } from "../lib/test-mesh.ts";
import { startPeers } from "./peers/peers.ts";
import { approvalEnv, approved, team, validated } from "./release-fixtures.ts";

vi.setConfig({ testTimeout: 120_000 });
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 60_000, interval: 100 });

test("OK: a package, a publication and a lineage whose place in the queue was lost are finished unasked", async () => {
  await using database = await createTestDatabase();
  await using peers = await startPeers();
  const config = parseConfig(approvalEnv(database.urls.approval, peers));
  const service = await startService(run, config);
  const by = team({ service });
  const packaging = await validated({ service, peers }, by);
  const publishing = await approved({ service, peers }, by);
  const recording = await approved({ service, peers }, by);
  const wait = { seconds: 0n };
  const steps = [];
  for (const [rpc, begin] of [
    ["createJob", () => by.editor.projects.packageProject({ projectId: packaging.projectId, wait })],
    ["publishRelease", () => by.editor.projects.publishProject({ projectId: publishing.projectId, wait })],
    ["recordLineage", () => by.editor.projects.publishProject({ projectId: recording.projectId, wait })],
  ] as const) {
    const step = peers.steps.hold(rpc, "before");
    await begin();
    await step.reached;
    steps.push(step);
  }
  await service.stop();
  await database.sql`delete from approval_jobs.job`;
  peers.orchestration.lineage.clear();
  for (const { letGo } of steps) letGo();
  await using again = await startService(run, config);
  const projects = again.client(ProjectService, by.editor.who);
  const stateOf = async (projectId: string) => (await projects.getProject({ projectId })).project?.state;
  await eventually(() => stateOf(packaging.projectId)).toBe(ProjectState.PACKAGED);
  await eventually(() => stateOf(publishing.projectId)).toBe(ProjectState.PUBLISHED);
  const noted = () => database.sql`
    select 1 from approval.projects where project_id = ${recording.projectId} and lineage_recorded`;
  await eventually(async () => (await noted()).length).toBe(1);
});
