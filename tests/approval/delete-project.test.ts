import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { createProject, leaveDraft, projects, startApproval } from "./fixtures.ts";

const approval = forFile(startApproval);

const deleteProject = (who: Principal, projectId: string) =>
  projects(approval(), who).deleteProject({ projectId });

test("OK: an editor removes a project and no other; its display name is free again", async () => {
  const who = principal();
  const { projectId, displayName } = await createProject(approval(), who);
  const other = await createProject(approval(), who);
  const editor = principal({ orgId: who.orgId, roles: ["editor"] });
  expect(await deleteProject(editor, projectId)).toEqual({
    $typeName: "sluice.approval.v1.DeleteProjectResponse",
  });
  expect(await failureOf(projects(approval(), who).getProject({ projectId }))).toEqual(
    missing("project", projectId),
  );
  expect((await projects(approval(), who).listProjects({})).projects).toEqual([other]);
  await createProject(approval(), who, { displayName });
});

test("OK: while orchestration is down, as reading and changing", async () => {
  await using own = await startApproval();
  const who = principal();
  const { projectId } = await createProject(own, who);
  await own.orchestration.stop();
  const { project } = await projects(own, who).updateProject({ project: { projectId, displayName: "x" } });
  expect((await projects(own, who).getProject({ projectId })).project).toEqual(project);
  expect((await projects(own, who).listProjects({})).projects).toEqual([project]);
  await projects(own, who).deleteProject({ projectId });
  expect((await projects(own, who).listProjects({})).projects).toEqual([]);
});

test("InvalidArgument: an id that is none", async () => {
  expect(await failureOf(deleteProject(principal(), "me"))).toEqual({
    code: "InvalidArgument",
    fields: ["project_id"],
  });
});

test("NotFound: an unknown project, and another organisation's, which stays", async () => {
  const owner = principal();
  const project = await createProject(approval(), owner);
  for (const projectId of [randomUUID(), project.projectId]) {
    expect(await failureOf(deleteProject(principal(), projectId))).toEqual(missing("project", projectId));
  }
  expect((await projects(approval(), owner).listProjects({})).projects).toEqual([project]);
});

test("NotFound: all but one of racing callers", async () => {
  const who = principal();
  const { projectId } = await createProject(approval(), who);
  const calls = Array.from({ length: 8 }, () => deleteProject(who, projectId));
  const outcomes = await Promise.allSettled(calls);
  const refused = calls.filter((_, index) => outcomes[index]?.status === "rejected");
  expect(refused).toHaveLength(7);
  for (const failure of await Promise.all(refused.map(failureOf)))
    expect(failure).toEqual(missing("project", projectId));
});

test("FailedPrecondition: a project that is no draft any more, which stays", async () => {
  await using own = await startApproval();
  const who = principal();
  const { projectId } = await createProject(own, who);
  const state = await leaveDraft(own, projectId);
  expect(await failureOf(projects(own, who).deleteProject({ projectId }))).toEqual({
    code: "FailedPrecondition",
    reason: "STATE_CONFLICT",
    metadata: { project: projectId, state },
  });
  expect(await own.database.sql`select project_id from approval.projects`).toEqual([
    { project_id: projectId },
  ]);
});

test("PermissionDenied: a viewer, and an approver", async () => {
  const who = principal();
  const { projectId } = await createProject(approval(), who);
  for (const role of ["viewer", "approver"]) {
    expect(await failureOf(deleteProject({ ...who, roles: [role] }, projectId))).toEqual(
      lacking("projects.write"),
    );
  }
});
