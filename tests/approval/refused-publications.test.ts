import { Code } from "@connectrpc/connect";
import { afterEach, expect, test } from "vitest";
import { ProjectState } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure } from "../../services/lib/rpc/errors.ts";
import { failureOf } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { approved, eventsOf, startRelease, type Team, team } from "./release-fixtures.ts";

const release = forFile(startRelease);
afterEach(() => release().peers.steps.mend("publishRelease"));

const refuse = (reason: ErrorReason, message: string) =>
  release().peers.steps.fail("publishRelease", () => failure(Code.ResourceExhausted, reason, message));

/** The project stays approved with the cause, keeps its bytes, and can be published once the cause is removed. */
async function expectPublishable(by: Team, projectId: string, errorMessage: string): Promise<void> {
  const { project } = await by.editor.projects.getProject({ projectId });
  expect(project).toMatchObject({ state: ProjectState.APPROVED, errorMessage, published: [] });
  expect(release().peers.staging.dropped.has(project?.stagingJobId ?? "")).toBe(false);
  release().peers.steps.mend("publishRelease");
  const answer = await by.editor.projects.publishProject({ projectId });
  expect(answer.published).toHaveLength(4);
  expect(answer.project).toMatchObject({ state: ProjectState.PUBLISHED, errorMessage: "" });
  const names = await eventsOf(by, projectId);
  expect(names.slice(-3)).toEqual(["publish failed", "publish started", "published"]);
}

test.each([
  ["QUOTA_EXCEEDED", ErrorReason.QUOTA_EXCEEDED, "90 bytes or more are needed"],
  ["DISK_FULL", ErrorReason.DISK_FULL, "no space is left on the server's disk"],
])("ResourceExhausted: %s, each time; it stays approved", async (reason, storages, message) => {
  const by = team(release());
  const { projectId } = await approved(release(), by);
  refuse(storages, message);
  for (const _ of [1, 2]) {
    expect(await failureOf(by.editor.projects.publishProject({ projectId }))).toEqual({
      code: "ResourceExhausted",
      reason,
      metadata: { project: projectId },
    });
  }
  await expectPublishable(by, projectId, message);
});

test("PermissionDenied: who asked lost the permission before storage was asked; it stays approved", async () => {
  const by = team(release());
  const { projectId } = await approved(release(), by);
  const { roles } = release().peers.identity;
  roles.set(by.editor.who.userId, undefined);
  expect(await failureOf(by.editor.projects.publishProject({ projectId }))).toMatchObject({
    code: "PermissionDenied",
    reason: "PERMISSION_MISSING",
  });
  roles.delete(by.editor.who.userId);
  const message = "the user who asked for the publication may not change projects any more";
  await expectPublishable(by, projectId, message);
});
