import type { MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  type ListProjectsRequestSchema,
  type Project,
  ProjectState,
} from "../../gen/sluice/approval/v1/projects_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { failureOf, lacking } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { createProject, createSource, leaveDraft, projects, startApproval } from "./fixtures.ts";

const approval = forFile(startApproval);

const listProjects = (who: Principal, request: MessageInitShape<typeof ListProjectsRequestSchema> = {}) =>
  projects(approval(), who).listProjects(request);

async function createProjects(who: Principal, count: number): Promise<Project[]> {
  const sourceId = await createSource(approval(), who);
  const made: Project[] = [];
  while (made.length < count) made.push(await createProject(approval(), who, { sourceId }));
  return made;
}

test("OK: answers the organisation's projects, newest first, and nobody else's, to a viewer too", async () => {
  const who = principal();
  const made = await createProjects(who, 3);
  await createProject(approval(), principal());
  for (const role of ["viewer", "editor", "approver", "admin"]) {
    expect(await listProjects(principal({ orgId: who.orgId, roles: [role] }))).toEqual({
      $typeName: "sluice.approval.v1.ListProjectsResponse",
      projects: made.toReversed(),
      nextPageToken: "",
      totalSize: 0,
      totalSizeExceeded: false,
    });
  }
});

test("OK: goes page by page; what is added meanwhile is not on later pages, and what is removed is not missed", async () => {
  const who = principal();
  const made = (await createProjects(who, 4)).toReversed();
  const first = await listProjects(who, { pageSize: 2 });
  expect(first.projects).toEqual(made.slice(0, 2));
  await createProject(approval(), who);
  await projects(approval(), who).deleteProject({ projectId: made[1]?.projectId ?? "" });
  // A page may be larger than the one before it.
  const second = await listProjects(who, { pageSize: 1000, pageToken: first.nextPageToken });
  expect([second.projects, second.nextPageToken]).toEqual([made.slice(2), ""]);
});

test("OK: no token comes with a page that ends where the list does", async () => {
  const who = principal();
  const made = await createProjects(who, 2);
  const { projects: answered, nextPageToken } = await listProjects(who, { pageSize: 2 });
  expect([answered, nextPageToken]).toEqual([made.toReversed(), ""]);
});

test("OK: 50 to a page unless it is said", async () => {
  const who = principal();
  const made = (await createProjects(who, 51)).toReversed();
  const first = await listProjects(who);
  expect(first.projects).toEqual(made.slice(0, 50));
  expect((await listProjects(who, { pageToken: first.nextPageToken })).projects).toEqual(made.slice(50));
});

test("OK: only those of a state, page by page", async () => {
  await using own = await startApproval();
  const who = principal();
  const made = [];
  while (made.length < 4) made.push(await createProject(own, who));
  await leaveDraft(own, made[1]?.projectId ?? "");
  const state = ProjectState.DRAFT;
  const first = await projects(own, who).listProjects({ state, pageSize: 2 });
  expect(first.projects).toEqual([made[3], made[2]]);
  const second = await projects(own, who).listProjects({
    state,
    pageSize: 2,
    pageToken: first.nextPageToken,
  });
  expect([second.projects, second.nextPageToken]).toEqual([[made[0]], ""]);
});

test("OK: another organisation's page token shows nothing of it", async () => {
  const [who, other] = [principal(), principal()];
  await createProjects(other, 3);
  const { nextPageToken } = await listProjects(other, { pageSize: 1 });
  await createProjects(who, 1);
  // The organisation's own project is newer than the token's.
  expect((await listProjects(who, { pageToken: nextPageToken })).projects).toEqual([]);
});

test("InvalidArgument: the page token of another state, or none at all", async () => {
  const who = principal();
  await createProjects(who, 2);
  const { nextPageToken } = await listProjects(who, { pageSize: 1 });
  for (const request of [{ pageToken: nextPageToken, state: ProjectState.DRAFT }, { pageToken: "soup" }]) {
    expect(await failureOf(listProjects(who, request))).toEqual({
      code: "InvalidArgument",
      reason: "PAGE_TOKEN_INVALID",
      metadata: {},
    });
  }
});

test("InvalidArgument: a page token that is made up, with something else than an id in it", async () => {
  const who = principal();
  await createProjects(who, 2);
  const { nextPageToken } = await listProjects(who, { pageSize: 1 });
  const [, digest] = JSON.parse(Buffer.from(nextPageToken, "base64url").toString());
  for (const key of ["", "x", "a\0b"]) {
    const pageToken = Buffer.from(JSON.stringify([["1764000000.000000", key], digest])).toString("base64url");
    expect(await failureOf(listProjects(who, { pageToken }))).toMatchObject({ code: "InvalidArgument" });
  }
});

test.each([
  [{ pageSize: -1 }, "page_size"],
  [{ pageSize: 1001 }, "page_size"],
  [{ pageToken: "x".repeat(4097) }, "page_token"],
  [{ state: 99 as ProjectState }, "state"],
])("InvalidArgument: %o", async (request, field) => {
  expect(await failureOf(listProjects(principal(), request))).toEqual({
    code: "InvalidArgument",
    fields: [field],
  });
});

test("PermissionDenied: somebody without a role", async () => {
  expect(await failureOf(listProjects(principal({ roles: [] })))).toEqual(lacking("projects.read"));
});
