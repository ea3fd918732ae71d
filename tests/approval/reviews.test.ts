import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ProjectState } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { Decision } from "../../gen/sluice/approval/v1/reviews_pb.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import {
  approved,
  drafted,
  eventsOf,
  member,
  packaged,
  published,
  type Release,
  startRelease,
  submitted,
  team,
} from "./release-fixtures.ts";

let release: Release;
beforeAll(async () => {
  release = await startRelease();
});
afterAll(() => release[Symbol.asyncDispose]());

const decisions = ["approveProject", "rejectProject", "requestChanges"] as const;
const anotherManifest = "f".repeat(64);

test("OK: a packaged project is put into review, and again it is answered as it is", async () => {
  const by = team(release);
  const { projectId, manifestSha256 } = await packaged(release, by);
  const { project } = await by.editor.reviews.submitProject({ projectId });
  expect(project).toMatchObject({ state: ProjectState.IN_REVIEW, manifestSha256 });
  expect((await by.editor.reviews.submitProject({ projectId })).project).toEqual(project);
  expect((await eventsOf(by, projectId)).filter((name) => name === "submitted")).toHaveLength(1);
});

test("FailedPrecondition: a draft, and an approved project, are not put into review", async () => {
  const by = team(release);
  for (const { projectId } of [await drafted(release, by), await approved(release, by)]) {
    const call = by.editor.reviews.submitProject({ projectId });
    expect(await failureOf(call)).toMatchObject({ code: "FailedPrecondition", reason: "STATE_CONFLICT" });
  }
});

test.each([
  ["approveProject", Decision.APPROVED, ProjectState.APPROVED, "approved"],
  ["rejectProject", Decision.REJECTED, ProjectState.REJECTED, "rejected"],
  ["requestChanges", Decision.CHANGES_REQUESTED, ProjectState.CHANGES_REQUESTED, "changes requested"],
] as const)(
  "OK: %s decides, and the same decision again is answered as it is",
  async (call, decision, state, said) => {
    const by = team(release);
    const { projectId, manifestSha256 } = await submitted(release, by);
    const request = { projectId, manifestSha256, comment: "as I see it 🧐" };
    const answer = await by.approver.reviews[call](request);
    expect(answer).toMatchObject({
      project: { projectId, state },
      review: {
        decision,
        manifestSha256,
        comment: "as I see it 🧐",
        reviewerUserId: by.approver.who.userId,
        createTime: expect.anything(),
      },
    });
    expect(await by.approver.reviews[call](request)).toEqual(answer);
    expect(await by.editor.reviews.listReviews({ projectId })).toMatchObject({ reviews: [answer.review] });
    expect((await eventsOf(by, projectId)).filter((name) => name === said)).toHaveLength(1);
  },
);

test("OK: with a policy of two approvals the second one counts, and one user's counts once", async () => {
  const by = team(release);
  const { projectId, manifestSha256 } = await submitted(release, by, { policy: { approvalsRequired: 2 } });
  const request = { projectId, manifestSha256 };
  for (const _ of [1, 2]) {
    const { project } = await by.approver.reviews.approveProject(request);
    expect(project?.state).toBe(ProjectState.IN_REVIEW);
  }
  await expect(by.editor.projects.publishProject({ projectId })).rejects.toThrow("has 1 of the 2 approvals");
  expect((await by.second.reviews.approveProject(request)).project?.state).toBe(ProjectState.APPROVED);
});

test("OK: who approved may still reject while others are awaited", async () => {
  const by = team(release);
  const { projectId, manifestSha256 } = await submitted(release, by, { policy: { approvalsRequired: 2 } });
  await by.approver.reviews.approveProject({ projectId, manifestSha256 });
  const { project } = await by.approver.reviews.rejectProject({ projectId, manifestSha256 });
  expect(project?.state).toBe(ProjectState.REJECTED);
});

test("OK: a published project answers its approval with what was published", async () => {
  const by = team(release);
  const project = await published(release, by);
  const { projectId, manifestSha256 } = project;
  const answer = await by.approver.reviews.approveProject({ projectId, manifestSha256 });
  expect(answer.project).toEqual(project);
});

test.each(decisions)("PermissionDenied: %s by who made the project, or submitted it", async (call) => {
  const by = team(release);
  const { projectId, manifestSha256 } = await packaged(release, by);
  const admins = [by.editor.who.userId, randomUUID()].map((userId) =>
    member(release, { orgId: by.orgId, userId, roles: ["admin"] }),
  );
  await admins[1]?.reviews.submitProject({ projectId });
  for (const { reviews } of admins) {
    for (const hash of [manifestSha256, anotherManifest]) {
      const decision = reviews[call]({ projectId, manifestSha256: hash, comment: "mine" });
      expect(await failureOf(decision)).toEqual({
        code: "PermissionDenied",
        reason: "SELF_REVIEW",
        metadata: { project: projectId },
      });
    }
  }
  expect((await by.editor.reviews.listReviews({ projectId })).reviews).toEqual([]);
});

test.each(decisions)("FailedPrecondition: %s about another manifest", async (call) => {
  const by = team(release);
  const { projectId } = await submitted(release, by);
  const decision = by.approver.reviews[call]({
    projectId,
    manifestSha256: anotherManifest,
    comment: "which one?",
  });
  expect(await failureOf(decision)).toEqual({
    code: "FailedPrecondition",
    reason: "MANIFEST_MISMATCH",
    metadata: { project: projectId },
  });
});

test.each(decisions)("FailedPrecondition: %s about a project that is packaged only", async (call) => {
  const by = team(release);
  const { projectId, manifestSha256 } = await packaged(release, by);
  const decision = by.approver.reviews[call]({ projectId, manifestSha256, comment: "too early" });
  expect(await failureOf(decision)).toMatchObject({ code: "FailedPrecondition", reason: "STATE_CONFLICT" });
});

test("FailedPrecondition: an approval of what was packaged before, also by who approved that", async () => {
  const by = team(release);
  const { projectId, manifestSha256 } = await submitted(release, by, { policy: { approvalsRequired: 2 } });
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
  // The former approval does not count for the new manifest.
  const { manifestSha256: now = "" } = project ?? {};
  const answer = await by.second.reviews.approveProject({ projectId, manifestSha256: now });
  expect(answer.project?.state).toBe(ProjectState.IN_REVIEW);
});

test("OK: reviews are listed page by page, oldest first", async () => {
  const by = team(release);
  const { projectId, manifestSha256 } = await submitted(release, by, { policy: { approvalsRequired: 3 } });
  const given = [];
  for (const { reviews } of [by.approver, by.second]) {
    given.push((await reviews.approveProject({ projectId, manifestSha256 })).review);
  }
  const first = await by.editor.reviews.listReviews({ projectId, pageSize: 1 });
  expect(first.reviews).toEqual(given.slice(0, 1));
  const { nextPageToken: pageToken } = first;
  const second = await by.editor.reviews.listReviews({ projectId, pageSize: 1, pageToken });
  expect([second.reviews, second.nextPageToken]).toEqual([given.slice(1), ""]);
  const call = by.editor.reviews.listReviews({
    projectId: (await drafted(release, by)).projectId,
    pageToken,
  });
  expect(await failureOf(call)).toMatchObject({ code: "InvalidArgument", reason: "PAGE_TOKEN_INVALID" });
});

test.each([
  ["manifestSha256", { manifestSha256: "F".repeat(64) }, "manifest_sha256"],
  ["comment", { comment: "x".repeat(4001) }, "comment"],
  ["comment", { comment: "a\0b" }, "comment"],
])("InvalidArgument: %s", async (_name, wrong, field) => {
  const by = team(release);
  const request = { projectId: randomUUID(), manifestSha256: anotherManifest, comment: "x", ...wrong };
  for (const call of decisions) {
    const refused = await failureOf(by.approver.reviews[call](request));
    expect(refused).toEqual({ code: "InvalidArgument", fields: [field] });
  }
});

test("InvalidArgument: changes are asked for without a word", async () => {
  const call = team(release).approver.reviews.requestChanges({
    projectId: randomUUID(),
    manifestSha256: anotherManifest,
  });
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["comment"] });
});

test("PermissionDenied: an editor reviews, an approver submits", async () => {
  const by = team(release);
  const { projectId, manifestSha256 } = await submitted(release, by);
  for (const call of decisions) {
    const refused = await failureOf(by.editor.reviews[call]({ projectId, manifestSha256, comment: "x" }));
    expect(refused).toEqual(lacking("projects.review"));
  }
  expect(await failureOf(by.approver.reviews.submitProject({ projectId }))).toEqual(
    lacking("projects.write"),
  );
});

test("NotFound: an unknown project, and another organisation's, whatever is asked", async () => {
  const own = team(release);
  const { projectId, manifestSha256 } = await submitted(release, own);
  const other = team(release);
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
