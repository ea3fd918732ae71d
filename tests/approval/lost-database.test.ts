import { expect, test, vi } from "vitest";
import { ProjectState } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { provisionDatabase } from "../../services/all-in-one/provision-database.ts";
import { parseConfig } from "../../services/approval/config.ts";
import { run } from "../../services/approval/run.ts";
import { failureOf } from "../lib/failure-of.ts";
import { startStoppableDatabase } from "../lib/stoppable-database.ts";
import { startService } from "../lib/test-mesh.ts";
import { startPeers } from "./peers/peers.ts";
import { approvalEnv, approved, eventsOf, team, validated } from "./release-fixtures.ts";

// A PostgreSQL of its own starts twice.
vi.setConfig({ testTimeout: 120_000 });
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 60_000, interval: 200 });

test("OK: a package and a publication under way go on when the database was stopped and is back", async () => {
  await using database = await startStoppableDatabase();
  await using peers = await startPeers();
  const { approval: url } = await provisionDatabase({
    adminUrl: database.url,
    rolePrefix: "sluice",
    passwordOf: () => "a password of the test",
  });
  await using service = await startService(run, parseConfig(approvalEnv(url, peers)));
  const release = { service, peers };
  const by = team(release);
  const [first, second] = [await validated(release, by), await approved(release, by)];
  const wait = { seconds: 0n };
  const packaging = peers.steps.hold("watchJob", "before");
  await by.editor.projects.packageProject({ projectId: first.projectId, wait });
  await packaging.reached;
  const publishing = peers.steps.hold("publishRelease", "after");
  await by.editor.projects.publishProject({ projectId: second.projectId, wait });
  await publishing.reached;

  await database.stop();
  packaging.letGo();
  publishing.letGo();
  const failures = await Promise.all(
    [
      by.editor.projects.getProject({ projectId: first.projectId }),
      by.editor.projects.publishProject({ projectId: second.projectId, wait }),
      by.editor.audit.listEvents({ projectId: first.projectId }),
    ].map(failureOf),
  );
  expect(failures.map(({ reason }) => reason)).toEqual(Array(3).fill("UPSTREAM_UNAVAILABLE"));
  await database.start();

  const stateOf = async (projectId: string) =>
    (await by.editor.projects.getProject({ projectId })).project?.state;
  await eventually(() => stateOf(first.projectId).catch(() => undefined)).toBe(ProjectState.PACKAGED);
  await eventually(() => stateOf(second.projectId)).toBe(ProjectState.PUBLISHED);
  expect(peers.storage.releases.size).toBe(1);
  const names = await eventsOf(by, second.projectId);
  expect(names.filter((name) => name === "published")).toHaveLength(1);
  expect(await by.approver.audit.verifyChain({})).toMatchObject({ valid: true });
});
