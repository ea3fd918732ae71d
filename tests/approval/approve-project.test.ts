import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { ProjectState } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { Decision } from "../../gen/sluice/approval/v1/reviews_pb.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { testDecision } from "./decisions.ts";
import { published, startRelease, submitted, team } from "./release-fixtures.ts";

const release = forFile(startRelease);

const decisions = ["approveProject", "rejectProject", "requestChanges"] as const;

testDecision(release, {
  call: "approveProject",
  decision: Decision.APPROVED,
  state: ProjectState.APPROVED,
  event: "approved",
});

test("OK: with a policy of two approvals the second one counts, and one user's counts once", async () => {
  const by = team(release());
  const { projectId, manifestSha256 } = await submitted(release(), by, { policy: { approvalsRequired: 2 } });
  const request = { projectId, manifestSha256 };
  for (const _ of [1, 2]) {
    const { project } = await by.approver.reviews.approveProject(request);
    expect(project?.state).toBe(ProjectState.IN_REVIEW);
  }
  await expect(by.editor.projects.publishProject({ projectId })).rejects.toThrow("has 1 of the 2 approvals");
  expect((await by.second.reviews.approveProject(request)).project?.state).toBe(ProjectState.APPROVED);
});

test("OK: who approved may still reject while others are awaited", async () => {
  const by = team(release());
  const { projectId, manifestSha256 } = await submitted(release(), by, { policy: { approvalsRequired: 2 } });
  await by.approver.reviews.approveProject({ projectId, manifestSha256 });
  const { project } = await by.approver.reviews.rejectProject({ projectId, manifestSha256 });
  expect(project?.state).toBe(ProjectState.REJECTED);
});

test("OK: a published project answers its approval with what was published", async () => {
  const by = team(release());
  const project = await published(release(), by);
  const { projectId, manifestSha256 } = project;
  const answer = await by.approver.reviews.approveProject({ projectId, manifestSha256 });
  expect(answer.project).toEqual(project);
});

test("FailedPrecondition: an approval of what was packaged before, also by who approved that", async () => {
  const by = team(release());
  const { projectId, manifestSha256 } = await submitted(release(), by, { policy: { approvalsRequired: 2 } });
  const former = { projectId, manifestSha256 };
  await by.approver.reviews.approveProject(former);
  await by.second.reviews.requestChanges({ ...former, comment: "once more" });
  await by.editor.projects.validateProject({ projectId });
  const { project } = await by.editor.projects.packageProject({ projectId });
  expect(await failureOf(by.approver.reviews.approveProject(former))).toMatchObject({
    reason: "STATE_CONFLICT",
  });
  await by.editor.reviews.submitProject({ projectId });
  for (const member of [by.approver, by.second]) {
    const call = member.reviews.approveProject(former);
    expect(await failureOf(call)).toMatchObject({ reason: "MANIFEST_MISMATCH" });
  }
  // An approval of the earlier manifest does not count for the new one.
  const { manifestSha256: now = "" } = project ?? {};
  const answer = await by.second.reviews.approveProject({ projectId, manifestSha256: now });
  expect(answer.project?.state).toBe(ProjectState.IN_REVIEW);
});

test("PermissionDenied: an editor reviews, an approver submits", async () => {
  const by = team(release());
  const { projectId, manifestSha256 } = await submitted(release(), by);
  for (const call of decisions) {
    const refused = await failureOf(by.editor.reviews[call]({ projectId, manifestSha256, comment: "x" }));
    expect(refused).toEqual(lacking("projects.review"));
  }
  expect(await failureOf(by.approver.reviews.submitProject({ projectId }))).toEqual(
    lacking("projects.write"),
  );
});

test("NotFound: an unknown project, and another organisation's, whatever is asked", async () => {
  const own = team(release());
  const { projectId, manifestSha256 } = await submitted(release(), own);
  const other = team(release());
  for (const id of [randomUUID(), projectId]) {
    const request = { projectId: id, manifestSha256, comment: "x" };
    const calls = [
      other.editor.reviews.submitProject({ projectId: id }),
      other.editor.reviews.listReviews({ projectId: id }),
      ...decisions.map((call) => other.approver.reviews[call](request)),
    ];
    for (const failure of await Promise.all(calls.map(failureOf))) {
      expect(failure).toEqual(missing("project", id));
    }
  }
  expect((await own.editor.projects.getProject({ projectId })).project?.state).toBe(ProjectState.IN_REVIEW);
});
