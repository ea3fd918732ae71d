import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { ProjectState } from "../../gen/sluice/approval/v1/projects_pb.ts";
import type { Decision } from "../../gen/sluice/approval/v1/reviews_pb.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { eventsOf, member, packaged, type Release, submitted, team } from "./release-fixtures.ts";

const anotherManifest = "f".repeat(64);

type Decided = {
  readonly call: "approveProject" | "rejectProject" | "requestChanges";
  readonly decision: Decision;
  readonly state: ProjectState;
  /** Name of the event that the decision appends. */
  readonly event: string;
};

/** Tests that apply to each of the three decisions of a review. */
export function testDecision(releaseOf: () => Release, { call, decision, state, event }: Decided): void {
  test(`OK: ${call} decides, and the same decision again is answered as it is`, async () => {
    const release = releaseOf();
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
    expect((await eventsOf(by, projectId)).filter((name) => name === event)).toHaveLength(1);
  });

  test(`PermissionDenied: ${call} by who made the project, or submitted it`, async () => {
    const release = releaseOf();
    const by = team(release);
    const { projectId, manifestSha256 } = await packaged(release, by);
    const admins = [by.editor.who.userId, randomUUID()].map((userId) =>
      member(release, { orgId: by.orgId, userId, roles: ["admin"] }),
    );
    await admins[1]?.reviews.submitProject({ projectId });
    for (const { reviews } of admins) {
      for (const hash of [manifestSha256, anotherManifest]) {
        const decided = reviews[call]({ projectId, manifestSha256: hash, comment: "mine" });
        expect(await failureOf(decided)).toEqual({
          code: "PermissionDenied",
          reason: "SELF_REVIEW",
          metadata: { project: projectId },
        });
      }
    }
    expect((await by.editor.reviews.listReviews({ projectId })).reviews).toEqual([]);
  });

  test(`FailedPrecondition: ${call} about another manifest`, async () => {
    const release = releaseOf();
    const by = team(release);
    const { projectId } = await submitted(release, by);
    const request = { projectId, manifestSha256: anotherManifest, comment: "which one?" };
    expect(await failureOf(by.approver.reviews[call](request))).toEqual({
      code: "FailedPrecondition",
      reason: "MANIFEST_MISMATCH",
      metadata: { project: projectId },
    });
  });

  test(`FailedPrecondition: ${call} about a project that is packaged only`, async () => {
    const release = releaseOf();
    const by = team(release);
    const { projectId, manifestSha256 } = await packaged(release, by);
    const request = { projectId, manifestSha256, comment: "too early" };
    const decided = by.approver.reviews[call](request);
    expect(await failureOf(decided)).toMatchObject({ code: "FailedPrecondition", reason: "STATE_CONFLICT" });
  });

  test.each([
    ["manifestSha256", { manifestSha256: "F".repeat(64) }, "manifest_sha256"],
    ["comment", { comment: "x".repeat(4001) }, "comment"],
    ["comment", { comment: "a\0b" }, "comment"],
  ])("InvalidArgument: %s", async (_name, wrong, field) => {
    const by = team(releaseOf());
    const request = { projectId: randomUUID(), manifestSha256: anotherManifest, comment: "x", ...wrong };
    const refused = await failureOf(by.approver.reviews[call](request));
    expect(refused).toEqual({ code: "InvalidArgument", fields: [field] });
  });

  test(`PermissionDenied: ${call} by an editor`, async () => {
    const request = { projectId: randomUUID(), manifestSha256: anotherManifest, comment: "x" };
    const refused = await failureOf(team(releaseOf()).editor.reviews[call](request));
    expect(refused).toEqual(lacking("projects.review"));
  });

  test(`NotFound: ${call} of an unknown project, and of another organisation's`, async () => {
    const release = releaseOf();
    const { projectId, manifestSha256 } = await submitted(release, team(release));
    for (const id of [randomUUID(), projectId]) {
      const decided = team(release).approver.reviews[call]({ projectId: id, manifestSha256, comment: "x" });
      expect(await failureOf(decided)).toEqual(missing("project", id));
    }
  });
}
