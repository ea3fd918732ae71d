import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { drafted, member, startRelease, submitted, team } from "./release-fixtures.ts";

const release = forFile(startRelease);

test("OK: reviews are listed page by page, newest first", async () => {
  const by = team(release());
  const { projectId, manifestSha256 } = await submitted(release(), by, { policy: { approvalsRequired: 3 } });
  const given = [];
  for (const { reviews } of [by.approver, by.second]) {
    given.push((await reviews.approveProject({ projectId, manifestSha256 })).review);
  }
  given.reverse();
  const first = await by.editor.reviews.listReviews({ projectId, pageSize: 1 });
  expect(first.reviews).toEqual(given.slice(0, 1));
  const { nextPageToken: pageToken } = first;
  const second = await by.editor.reviews.listReviews({ projectId, pageSize: 1, pageToken });
  expect([second.reviews, second.nextPageToken]).toEqual([given.slice(1), ""]);
  const call = by.editor.reviews.listReviews({
    projectId: (await drafted(release(), by)).projectId,
    pageToken,
  });
  expect(await failureOf(call)).toMatchObject({ code: "InvalidArgument", reason: "PAGE_TOKEN_INVALID" });
});

test("NotFound: an unknown project, and another organisation's", async () => {
  const { projectId } = await drafted(release(), team(release()));
  for (const id of [randomUUID(), projectId]) {
    const call = team(release()).editor.reviews.listReviews({ projectId: id });
    expect(await failureOf(call)).toEqual(missing("project", id));
  }
});

test("PermissionDenied: somebody without a role", async () => {
  const { reviews } = member(release(), principal({ roles: [] }));
  expect(await failureOf(reviews.listReviews({ projectId: randomUUID() }))).toEqual(lacking("projects.read"));
});
