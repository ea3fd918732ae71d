import { expect, test } from "vitest";
import { NamespaceContentService } from "../../gen/sluice/approval/v1/namespaces_pb.ts";
import { NamespaceContentState as State } from "../../gen/sluice/common/v1/namespaces_pb.ts";
import { failureOf, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { draft } from "./fixtures.ts";
import { given, member, startRelease, tables } from "./release-fixtures.ts";

const release = forFile(startRelease);

/** An administrator with a source in the namespace `team` and one in `default`. */
function scene() {
  const admin = member(release(), principal());
  const { orchestration } = release().peers;
  const inTeam = orchestration.addSource(admin.who, tables(), "team");
  const inDefault = orchestration.addSource(admin.who, tables());
  const create = async (displayName: string, sourceId: string) =>
    given((await admin.projects.createProject({ project: draft({ displayName, sourceId }) })).project);
  const content = (process: string) => release().service.client(NamespaceContentService, admin.who, process);
  const { orgId } = admin.who;
  const set = async (state: State) =>
    (await content("identity").setNamespaceState({ orgId, namespace: "team", state })).counts;
  return { admin, inTeam, inDefault, create, content, set };
}

test("OK: SetNamespaceState counts projects, closes, clears a part at a time and opens again", async () => {
  const { admin, inTeam, inDefault, create, set } = scene();
  const { projectId } = await create("first", inTeam);
  const kept = await create("kept", inDefault);
  await release().database.sql`
    insert into approval.projects
      (project_id, org_id, namespace, display_name, source_id, tables, destination, creator_user_id)
    select gen_random_uuid(), org_id, namespace, display_name || n, source_id, tables, destination, creator_user_id
    from approval.projects cross join generate_series(1, 100) n where project_id = ${projectId}`;
  expect(await set(State.CLOSED)).toEqual({ projects: 101n });
  expect(await failureOf(create("second", inTeam))).toEqual(missing("namespace", "team"));
  expect(await set(State.OPEN)).toEqual({ projects: 101n });
  await create("second", inTeam);
  expect(await set(State.CLEARED)).toEqual({ projects: 2n });
  expect(await failureOf(create("third", inTeam))).toEqual(missing("namespace", "team"));
  expect(await set(State.CLEARED)).toEqual({});
  expect((await admin.projects.listProjects({})).projects).toEqual([kept]);
  // What happened stays recorded, and the chain holds.
  const { events } = await admin.audit.listEvents({ projectId });
  expect(events[0]?.detailsJson).toContain('"namespace":"team"');
  expect(await admin.audit.verifyChain({})).toMatchObject({ valid: true });
  expect(await set(State.OPEN)).toEqual({});
  await create("first", inTeam);
});

test("PermissionDenied: the edge; InvalidArgument: no state", async () => {
  const { admin, content } = scene();
  const request = { orgId: admin.who.orgId, namespace: "team", state: State.CLOSED };
  expect(await failureOf(content("edge").setNamespaceState(request))).toMatchObject({
    code: "PermissionDenied",
  });
  expect(await failureOf(content("identity").setNamespaceState({ ...request, state: 0 }))).toMatchObject({
    fields: ["state"],
  });
});
