import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import {
  FilestoreDestination_Format as Format,
  ProjectState,
} from "../../gen/sluice/approval/v1/projects_pb.ts";
import { failureOf, lacking } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  createProject,
  createSource,
  deleteSource,
  draft,
  filestore,
  projects,
  startApproval,
} from "./fixtures.ts";

const approval = forFile(startApproval);

test("OK: answers the project as it is stored, what the server sets included", async () => {
  const who = principal({ roles: ["editor"] });
  const sourceId = await createSource(approval(), who);
  const given = draft({
    displayName: "Orders 🧾",
    sourceId,
    tables: [
      { name: "orders", columns: ["id", "total"] },
      { schemaName: "shop", name: "customers" },
    ],
    destination: filestore("warehouse", Format.CSV),
  });
  const { project } = await projects(approval(), who).createProject({
    project: { ...given, projectId: randomUUID(), creatorUserId: randomUUID(), etag: "9" },
  });
  expect(project).toMatchObject({
    displayName: "Orders 🧾",
    sourceId,
    tables: [
      { schemaName: "", name: "orders", columns: ["id", "total"] },
      { schemaName: "shop", name: "customers", columns: [] },
    ],
    destination: { kind: { case: "filestore", value: { name: "warehouse", format: Format.CSV } } },
    state: ProjectState.DRAFT,
    creatorUserId: who.userId,
    createTime: expect.anything(),
    etag: "1",
  });
  expect(project?.updateTime).toEqual(project?.createTime);
  const { projectId = "" } = project ?? {};
  expect((await projects(approval(), who).getProject({ projectId })).project).toEqual(project);
});

test("OK: the largest that the contract allows", async () => {
  const who = principal();
  const tables = Array.from({ length: 1000 }, (_, index) => ({ name: `${index}`.padEnd(255, "x") }));
  const columns = Array.from({ length: 2000 }, (_, index) => `${index}`);
  const project = await createProject(approval(), who, {
    displayName: "é".repeat(200),
    tables: [{ schemaName: "s".repeat(255), name: "wide", columns }, ...tables.slice(1)],
    destination: filestore("-_9".repeat(21)),
  });
  expect(project.tables).toHaveLength(1000);
  expect(project.tables[0]?.columns).toEqual(columns);
});

test("OK: racing calls with one request id make one project, and each answers it", async () => {
  const who = principal();
  const request = {
    requestId: randomUUID(),
    project: draft({ sourceId: await createSource(approval(), who) }),
  };
  const calls = Array.from({ length: 8 }, () => projects(approval(), who).createProject(request));
  const [first, ...others] = await Promise.all(calls);
  for (const answer of others) expect(answer).toEqual(first);
  expect((await projects(approval(), who).listProjects({})).projects).toEqual([first?.project]);
});

test("OK: a repeated request answers what was stored, also when project and source have changed or gone", async () => {
  const who = principal();
  const sourceId = await createSource(approval(), who);
  const request = { requestId: randomUUID(), project: draft({ sourceId }) };
  const first = await projects(approval(), who).createProject(request);
  const { projectId = "" } = first.project ?? {};
  await projects(approval(), who).updateProject({ project: { projectId, displayName: "renamed" } });
  expect(await projects(approval(), who).createProject(request)).toEqual(first);
  await deleteSource(approval(), who, sourceId);
  expect(await projects(approval(), who).createProject(request)).toEqual(first);
});

test("OK: another organisation's request id is free, and so is its display name", async () => {
  const [who, other] = [principal(), principal()];
  const requestId = randomUUID();
  const project = draft({ displayName: "the same" });
  const answers = [];
  for (const each of [who, other]) {
    const sourceId = await createSource(approval(), each);
    answers.push(
      await projects(approval(), each).createProject({ requestId, project: { ...project, sourceId } }),
    );
  }
  expect(answers.map((answer) => answer.project?.creatorUserId)).toEqual([who.userId, other.userId]);
});

test("AlreadyExists: the request id of another request", async () => {
  const who = principal();
  const requestId = randomUUID();
  const project = draft({ sourceId: await createSource(approval(), who) });
  const first = await projects(approval(), who).createProject({ requestId, project });
  const call = projects(approval(), who).createProject({
    requestId,
    project: { ...project, displayName: "another" },
  });
  expect(await failureOf(call)).toEqual({
    code: "AlreadyExists",
    reason: "REQUEST_ID_REUSED",
    metadata: { requestId },
  });
  expect((await projects(approval(), who).listProjects({})).projects).toEqual([first.project]);
});

test("AlreadyExists: a display name that is taken; its request id may be used again", async () => {
  const who = principal();
  const { displayName, sourceId } = await createProject(approval(), who);
  const requestId = randomUUID();
  const call = projects(approval(), who).createProject({
    requestId,
    project: draft({ displayName, sourceId }),
  });
  expect(await failureOf(call)).toEqual({
    code: "AlreadyExists",
    reason: "RESOURCE_EXISTS",
    metadata: { displayName },
  });
  await projects(approval(), who).createProject({ requestId, project: draft({ sourceId }) });
});

test("AlreadyExists: all but one of racing callers with the same display name", async () => {
  const who = principal();
  const project = draft({ sourceId: await createSource(approval(), who) });
  const calls = Array.from({ length: 8 }, () => projects(approval(), who).createProject({ project }));
  const outcomes = await Promise.allSettled(calls);
  const refused = calls.filter((_, index) => outcomes[index]?.status === "rejected");
  expect(refused).toHaveLength(7);
  for (const failure of await Promise.all(refused.map(failureOf)))
    expect(failure).toMatchObject({ reason: "RESOURCE_EXISTS" });
});

const table = { name: "orders" };
test.each([
  ["no project", {}, ["project"]],
  ["a request id that is none", { requestId: "me", project: draft() }, ["request_id"]],
  ["no display name", { project: draft({ displayName: "" }) }, ["project"]],
  ["a long display name", { project: draft({ displayName: "x".repeat(201) }) }, ["project.display_name"]],
  ["a line's end in the display name", { project: draft({ displayName: "a\nb" }) }, ["project.display_name"]],
  ["a NUL in the display name", { project: draft({ displayName: "a\0b" }) }, ["project.display_name"]],
  ["no source", { project: draft({ sourceId: "" }) }, ["project"]],
  ["a source id that is none", { project: draft({ sourceId: "../x" }) }, ["project.source_id"]],
  ["a project id that is none", { project: draft({ projectId: "me" }) }, ["project.project_id"]],
  ["a long etag", { project: draft({ etag: "1".repeat(65) }) }, ["project.etag"]],
  ["no tables", { project: draft({ tables: [] }) }, ["project"]],
  ["1001 tables", { project: draft({ tables: Array(1001).fill(table) }) }, ["project.tables"]],
  ["a table of no name", { project: draft({ tables: [table, {}] }) }, ["project.tables[1].name"]],
  ["a long name", { project: draft({ tables: [{ name: "x".repeat(256) }] }) }, ["project.tables[0].name"]],
  ["a NUL in a name", { project: draft({ tables: [{ name: "a\0b" }] }) }, ["project.tables[0].name"]],
  [
    "a long schema name",
    { project: draft({ tables: [{ ...table, schemaName: "x".repeat(256) }] }) },
    ["project.tables[0].schema_name"],
  ],
  [
    "a NUL in a schema name",
    { project: draft({ tables: [{ ...table, schemaName: "\0" }] }) },
    ["project.tables[0].schema_name"],
  ],
  [
    "2001 columns",
    { project: draft({ tables: [{ ...table, columns: Array.from({ length: 2001 }, (_, n) => `${n}`) }] }) },
    ["project.tables[0].columns"],
  ],
  [
    "a column twice",
    { project: draft({ tables: [{ ...table, columns: ["id", "id"] }] }) },
    ["project.tables[0].columns"],
  ],
  [
    "a column of no name, a long one, and one with a NUL",
    { project: draft({ tables: [{ ...table, columns: ["id", "", "x".repeat(256), "\0"] }] }) },
    ["project.tables[0].columns[1]", "project.tables[0].columns[2]", "project.tables[0].columns[3]"],
  ],
  ["no destination", { project: draft({ destination: undefined }) }, ["project"]],
  ["a destination of no kind", { project: draft({ destination: {} }) }, ["project.destination.kind"]],
  [
    "an area of no name",
    { project: draft({ destination: filestore("") }) },
    ["project.destination.filestore.name"],
  ],
  [
    "a way out of the area",
    { project: draft({ destination: filestore("../x") }) },
    ["project.destination.filestore.name"],
  ],
  [
    "a line's end after the area",
    { project: draft({ destination: filestore("x\n") }) },
    ["project.destination.filestore.name"],
  ],
  [
    "a long area",
    { project: draft({ destination: filestore("x".repeat(64)) }) },
    ["project.destination.filestore.name"],
  ],
  [
    "no format",
    { project: draft({ destination: filestore("x", Format.FORMAT_UNSPECIFIED) }) },
    ["project.destination.filestore.format"],
  ],
  [
    "an unknown format",
    { project: draft({ destination: filestore("x", 99 as Format) }) },
    ["project.destination.filestore.format"],
  ],
])("InvalidArgument: %s", async (_title, request, fields) => {
  const call = projects(approval(), principal()).createProject(request);
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields });
});

test("InvalidArgument: the text says which part of the project is missing", async () => {
  const call = projects(approval(), principal()).createProject({ project: {} });
  for (const part of ["display_name", "source_id", "tables", "destination"]) {
    await expect(call).rejects.toThrow(`project: ${part}`);
  }
});

test("InvalidArgument: a source that does not exist, that is gone, and another organisation's", async () => {
  const who = principal();
  const gone = await createSource(approval(), who);
  await deleteSource(approval(), who, gone);
  for (const sourceId of [randomUUID(), gone, await createSource(approval(), principal())]) {
    const call = projects(approval(), who).createProject({ project: draft({ sourceId }) });
    expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["project.source_id"] });
    await expect(call).rejects.toThrow(`project.source_id: there is no source ${sourceId}`);
  }
  expect((await projects(approval(), who).listProjects({})).projects).toEqual([]);
});

test("PermissionDenied: a viewer, and an approver", async () => {
  for (const role of ["viewer", "approver"]) {
    const call = projects(approval(), principal({ roles: [role] })).createProject({ project: draft() });
    expect(await failureOf(call)).toEqual(lacking("projects.write"));
  }
});

test("Unavailable: orchestration is down; nothing is stored, and what was answered before still is", async () => {
  await using own = await startApproval();
  const who = principal();
  const sourceId = await createSource(own, who);
  const request = { requestId: randomUUID(), project: draft({ sourceId }) };
  const before = await projects(own, who).createProject(request);
  await own.orchestration.stop();
  const requestId = randomUUID();
  const call = projects(own, who).createProject({ requestId, project: draft({ sourceId }) });
  expect(await failureOf(call)).toEqual({
    code: "Unavailable",
    reason: "UPSTREAM_UNAVAILABLE",
    metadata: { peer: "orchestration" },
  });
  expect((await projects(own, who).listProjects({})).projects).toEqual([before.project]);
  expect(await projects(own, who).createProject(request)).toEqual(before);
});
