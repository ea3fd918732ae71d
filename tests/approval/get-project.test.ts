import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { createProject, projects, startApproval } from "./fixtures.ts";

const approval = forFile(startApproval);

test("OK: answers what was made, to everybody of the organisation who has a role", async () => {
  const who = principal();
  const project = await createProject(approval(), who);
  await createProject(approval(), who);
  for (const role of ["viewer", "editor", "approver", "admin"]) {
    const reader = principal({ orgId: who.orgId, roles: [role] });
    const answer = await projects(approval(), reader).getProject({ projectId: project.projectId });
    expect(answer.project).toEqual(project);
  }
});

test("InvalidArgument: an id that is none", async () => {
  for (const projectId of ["", "me", `${randomUUID()}\n`]) {
    const call = projects(approval(), principal()).getProject({ projectId });
    expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["project_id"] });
  }
});

test("NotFound: an unknown project, and another organisation's", async () => {
  const { projectId: foreign } = await createProject(approval(), principal());
  for (const projectId of [randomUUID(), foreign]) {
    const call = projects(approval(), principal()).getProject({ projectId });
    expect(await failureOf(call)).toEqual(missing("project", projectId));
  }
});

test("PermissionDenied: somebody without a role", async () => {
  const who = principal();
  const { projectId } = await createProject(approval(), who);
  const call = projects(approval(), { ...who, roles: [] }).getProject({ projectId });
  expect(await failureOf(call)).toEqual(lacking("projects.read"));
});
