import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { ProjectState } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { approved, drafted, eventsOf, packaged, startRelease, team } from "./release-fixtures.ts";

const release = forFile(startRelease);

test("OK: a packaged project is put into review, and again it is answered as it is", async () => {
  const by = team(release());
  const { projectId, manifestSha256 } = await packaged(release(), by);
  const { project } = await by.editor.reviews.submitProject({ projectId });
  expect(project).toMatchObject({ state: ProjectState.IN_REVIEW, manifestSha256 });
  expect((await by.editor.reviews.submitProject({ projectId })).project).toEqual(project);
  expect((await eventsOf(by, projectId)).filter((name) => name === "submitted")).toHaveLength(1);
});

test("FailedPrecondition: a draft, and an approved project, are not put into review", async () => {
  const by = team(release());
  for (const { projectId } of [await drafted(release(), by), await approved(release(), by)]) {
    const call = by.editor.reviews.submitProject({ projectId });
    expect(await failureOf(call)).toMatchObject({ code: "FailedPrecondition", reason: "STATE_CONFLICT" });
  }
});

test("NotFound: an unknown project, and another organisation's", async () => {
  const { projectId } = await drafted(release(), team(release()));
  for (const id of [randomUUID(), projectId]) {
    const call = team(release()).editor.reviews.submitProject({ projectId: id });
    expect(await failureOf(call)).toEqual(missing("project", id));
  }
});

test("PermissionDenied: an approver", async () => {
  const call = team(release()).approver.reviews.submitProject({ projectId: randomUUID() });
  expect(await failureOf(call)).toEqual(lacking("projects.write"));
});
