import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import {
  FilestoreDestination_Format as Format,
  type Project,
  ProjectState,
  type UpdateProjectRequestSchema,
} from "../../gen/sluice/approval/v1/projects_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { createProject, draft, filestore, leaveDraft, projects, startApproval } from "./fixtures.ts";

const approval = forFile(startApproval);

type Request = MessageInitShape<typeof UpdateProjectRequestSchema>;

const updateProject = (who: Principal, project: Request["project"], paths: string[] = []) =>
  projects(approval(), who).updateProject({ project, updateMask: { paths } });

/** The current project without its update time. */
async function stored(who: Principal, { projectId }: Project) {
  const { project } = await projects(approval(), who).getProject({ projectId });
  const { updateTime: _, ...rest } = project ?? {};
  return rest;
}

const changes = {
  displayName: "renamed",
  tables: [{ schemaName: "shop", name: "customers", columns: ["id"] }],
  destination: filestore("archive", Format.CSV),
};

test("OK: an editor changes everything that is set, beside fields that stay as they are", async () => {
  const who = principal();
  const before = await createProject(approval(), who);
  const editor = principal({ orgId: who.orgId, roles: ["editor"] });
  const { project } = await updateProject(editor, {
    ...draft(changes),
    projectId: before.projectId,
    sourceId: before.sourceId,
    creatorUserId: who.userId,
    state: ProjectState.DRAFT,
  });
  expect(project).toMatchObject({
    ...changes,
    projectId: before.projectId,
    sourceId: before.sourceId,
    creatorUserId: who.userId,
    state: ProjectState.DRAFT,
    createTime: before.createTime,
    etag: "2",
  });
  const time = ({ updateTime }: Project) => (updateTime ? timestampMs(updateTime) : 0);
  expect(project && time(project)).toBeGreaterThan(time(before));
  const { projectId } = before;
  expect((await projects(approval(), who).getProject({ projectId })).project).toEqual(project);
});

test("InvalidArgument: another value of a field that can't be changed", async () => {
  const who = principal();
  const { projectId } = await createProject(approval(), who);
  const given = [
    { sourceId: randomUUID() },
    { state: ProjectState.APPROVED },
    { creatorUserId: randomUUID() },
  ];
  const names = ["project.source_id", "project.state", "project.creator_user_id"];
  for (const [index, other] of given.entries()) {
    const call = updateProject(who, { projectId, displayName: "x", ...other });
    expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: [names[index]] });
  }
});

test.each([
  ["display_name", "displayName"],
  ["tables", "tables"],
  ["destination", "destination"],
] as const)("OK: %s alone, because it alone is set or because the mask names it", async (path, field) => {
  const who = principal();
  for (const [given, paths] of [
    [{ [field]: changes[field] }, []],
    [changes, [path]],
  ] as const) {
    const before = await createProject(approval(), who);
    await updateProject(who, { projectId: before.projectId, ...given }, [...paths]);
    const { updateTime: _, ...rest } = before;
    expect(await stored(who, before)).toMatchObject({ ...rest, [field]: changes[field], etag: "2" });
    await projects(approval(), who).deleteProject({ projectId: before.projectId });
  }
});

test("OK: the etag that was read, in quotation marks too, and the display name that it has", async () => {
  const who = principal();
  const { projectId, displayName, etag } = await createProject(approval(), who);
  await updateProject(who, { projectId, displayName, etag });
  const { project } = await updateProject(who, { projectId, displayName, etag: '"2"' });
  expect(project).toMatchObject({ displayName, etag: "3" });
});

test("OK: a display name that another organisation has", async () => {
  const who = principal();
  const { displayName } = await createProject(approval(), principal());
  const { projectId } = await createProject(approval(), who);
  expect((await updateProject(who, { projectId, displayName })).project).toMatchObject({ displayName });
});

test("Aborted: an etag of before, and one that is none, change nothing", async () => {
  const who = principal();
  const before = await createProject(approval(), who);
  const { projectId } = before;
  await updateProject(who, { projectId, displayName: "changed" });
  const changed = await stored(who, before);
  for (const etag of ["1", "3", "soup", "-1", "2.0"]) {
    expect(await failureOf(updateProject(who, { projectId, displayName: "again", etag }))).toEqual({
      code: "Aborted",
      reason: "ETAG_MISMATCH",
      metadata: { project: projectId },
    });
  }
  expect(await stored(who, before)).toEqual(changed);
});

test("Aborted: all but one of racing callers with the same etag", async () => {
  const who = principal();
  const { projectId, etag } = await createProject(approval(), who);
  const calls = Array.from({ length: 8 }, (_, index) =>
    updateProject(who, { projectId, displayName: `name ${index}`, etag }),
  );
  const outcomes = await Promise.allSettled(calls);
  const refused = calls.filter((_, index) => outcomes[index]?.status === "rejected");
  expect(refused).toHaveLength(7);
  for (const failure of await Promise.all(refused.map(failureOf)))
    expect(failure).toMatchObject({ reason: "ETAG_MISMATCH" });
});

test("AlreadyExists: another project's display name", async () => {
  const who = principal();
  const { displayName } = await createProject(approval(), who);
  const before = await createProject(approval(), who);
  const { projectId } = before;
  expect(await failureOf(updateProject(who, { ...changes, projectId, displayName }))).toEqual({
    code: "AlreadyExists",
    reason: "RESOURCE_EXISTS",
    metadata: { displayName },
  });
  const { updateTime: _, ...rest } = before;
  expect(await stored(who, before)).toEqual(rest);
});

test.each([
  ["no project", undefined, [], ["project"]],
  ["no project id", {}, [], ["project"]],
  ["a project id that is none", { projectId: "me" }, [], ["project.project_id"]],
  ["a long display name", { displayName: "x".repeat(201) }, [], ["project.display_name"]],
  ["a line's end in the display name", { displayName: "a\nb" }, [], ["project.display_name"]],
  ["1001 tables", { tables: Array(1001).fill({ name: "t" }) }, [], ["project.tables"]],
  ["a table of no name", { tables: [{}] }, [], ["project.tables[0].name"]],
  ["a destination of no kind", { destination: {} }, [], ["project.destination.kind"]],
  ["a way out of the area", { destination: filestore("../x") }, [], ["project.destination.filestore.name"]],
  ["a long etag", { etag: "1".repeat(65) }, [], ["project.etag"]],
  ["an empty display name", { tables: changes.tables }, ["tables", "display_name"], ["project.display_name"]],
  ["empty tables", { displayName: "x" }, ["display_name", "tables"], ["project.tables"]],
  ["an empty destination", { displayName: "x" }, ["display_name", "destination"], ["project.destination"]],
  ["the source", { sourceId: randomUUID() }, ["source_id"], ["update_mask"]],
  ["the state", { displayName: "x" }, ["display_name", "state"], ["update_mask"]],
  ["a part of a field", { destination: changes.destination }, ["destination.filestore"], ["update_mask"]],
  ["an unknown field", {}, ["soup"], ["update_mask"]],
])("InvalidArgument: %s; nothing is changed", async (title, change, paths, fields) => {
  const who = principal();
  const before = await createProject(approval(), who);
  const { projectId } = before;
  const project = change && { ...(title !== "no project id" && { projectId }), ...change };
  expect(await failureOf(updateProject(who, project, paths))).toEqual({ code: "InvalidArgument", fields });
  const { updateTime: _, ...rest } = before;
  expect(await stored(who, before)).toEqual(rest);
});

test("InvalidArgument: the text names the path that can't be changed, and those that can", async () => {
  const call = updateProject(principal(), { projectId: randomUUID() }, ["source_id"]);
  const text = "update_mask: source_id can't be changed; these can: display_name, tables, destination";
  await expect(call).rejects.toThrow(text);
});

test("NotFound: an unknown project, and another organisation's, whatever the etag", async () => {
  const owner = principal();
  const before = await createProject(approval(), owner);
  for (const projectId of [randomUUID(), before.projectId]) {
    for (const etag of ["", "1", "9"]) {
      const call = updateProject(principal(), { ...changes, projectId, etag });
      expect(await failureOf(call)).toEqual(missing("project", projectId));
    }
  }
  const { updateTime: _, ...rest } = before;
  expect(await stored(owner, before)).toEqual(rest);
});

test("FailedPrecondition: a project that is no draft any more, whatever the etag", async () => {
  await using own = await startApproval();
  const who = principal();
  const { projectId } = await createProject(own, who);
  const state = await leaveDraft(own, projectId);
  for (const etag of ["", "1", "9"]) {
    const call = projects(own, who).updateProject({ project: { ...changes, projectId, etag } });
    expect(await failureOf(call)).toEqual({
      code: "FailedPrecondition",
      reason: "STATE_CONFLICT",
      metadata: { project: projectId, state },
    });
  }
});

test("PermissionDenied: a viewer, and an approver", async () => {
  const who = principal();
  const { projectId } = await createProject(approval(), who);
  for (const role of ["viewer", "approver"]) {
    const call = updateProject({ ...who, roles: [role] }, { projectId, displayName: "x" });
    expect(await failureOf(call)).toEqual(lacking("projects.write"));
  }
});
