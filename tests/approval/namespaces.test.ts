import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { ProjectState } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { failureOf } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { only } from "../storage/namespaces.ts";
import { draft } from "./fixtures.ts";
import { given, member, startRelease, tables } from "./release-fixtures.ts";

const release = forFile(startRelease);

/** A user with the role of an editor in the namespace `team` alone, now as when calling, and a source there. */
function scene() {
  const editor = member(release(), only(principal(), "team", "editor"));
  const { identity, orchestration } = release().peers;
  const grant = (namespace: string) =>
    identity.grants.set(editor.who.userId, [{ namespace, roles: ["editor"] }]);
  identity.roles.set(editor.who.userId, []);
  grant("team");
  return { editor, grant, sourceId: orchestration.addSource(editor.who, tables(), "team") };
}

async function validated({ editor, sourceId }: ReturnType<typeof scene>): Promise<string> {
  const wanted = draft({ sourceId, tables: [{ schemaName: "shop", name: "customers" }] });
  const { projectId } = given((await editor.projects.createProject({ project: wanted })).project);
  await editor.projects.validateProject({ projectId });
  return projectId;
}

test("OK: a project is packaged for a user with a role in its namespace alone", async () => {
  const by = scene();
  const projectId = await validated(by);
  const { project } = await by.editor.projects.packageProject({ projectId });
  expect(project).toMatchObject({ state: ProjectState.PACKAGED, namespace: "team" });
});

test("FAILED: a package of a user who has lost the role in the project's namespace, and has one elsewhere", async () => {
  const by = scene();
  const projectId = await validated(by);
  by.grant("elsewhere");
  const { project } = await by.editor.projects.packageProject({ projectId });
  expect(project).toMatchObject({
    state: ProjectState.FAILED,
    errorMessage: "the user who asked for the package may not change projects any more",
  });
});

test("InvalidArgument: the request of another namespace's project, repeated by a caller without a role there", async () => {
  const { editor, sourceId } = scene();
  const request = { project: draft({ sourceId }), requestId: randomUUID() };
  const first = await editor.projects.createProject(request);
  expect(await editor.projects.createProject(request)).toEqual(first);
  const other = member(release(), only(editor.who, "elsewhere", "editor"));
  expect(await failureOf(other.projects.createProject(request))).toEqual({
    code: "InvalidArgument",
    fields: ["project.source_id"],
  });
});
