import { afterAll, beforeAll, expect, test } from "vitest";
import { ProjectState } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { approved, eventsOf, published, type Release, startRelease, team } from "./release-fixtures.ts";

let release: Release;
beforeAll(async () => {
  release = await startRelease();
});
afterAll(() => release[Symbol.asyncDispose]());

test("OK: the way", async () => {
  const by = team(release);
  const project = await published(release, by);
  expect(project).toMatchObject({ state: ProjectState.PUBLISHED });
  console.log(project.published, await eventsOf(by, project.projectId));
  console.log(release.peers.steps.calls, release.peers.orchestration.lineage.get(project.projectId)?.record);
  void approved;
});
