import { randomUUID } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, expect, test } from "vitest";
import { EventType } from "../../gen/sluice/approval/v1/audit_pb.ts";
import { ProjectState } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { failureOf, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { catalogTable } from "./peers/orchestration.ts";
import { drafted, eventsOf, packaged, startRelease, tables, team } from "./release-fixtures.ts";

const release = forFile(startRelease);
afterEach(() => {
  release().peers.orchestration.connection = { connected: true, reason: "" };
  release().peers.steps.mend("listTables");
});

test("OK: answers the tables and columns to release in the project's order, and the project is validated", async () => {
  const by = team(release());
  const catalog = [...tables(), catalogTable("unasked", ["id"])];
  const sourceId = release().peers.orchestration.addSource(by.editor.who, catalog);
  const { projectId, etag } = await drafted(release(), by, {
    sourceId,
    tables: [
      { schemaName: "shop", name: "customers" },
      { name: "orders", columns: ["total", "id"] },
    ],
  });
  const answer = await by.editor.projects.validateProject({ projectId });
  expect(answer.project).toMatchObject({
    state: ProjectState.VALIDATED,
    manifestSha256: "",
    stagingJobId: "",
  });
  expect(answer.project?.etag).not.toBe(etag);
  expect((await by.editor.projects.getProject({ projectId })).project).toEqual(answer.project);
  const column = (name: string) => ({ name, dataType: "BIGINT", nullable: name !== "id" });
  expect(answer.tables).toMatchObject([
    {
      tableId: catalog[1]?.tableId,
      schemaName: "shop",
      name: "customers",
      columns: [column("id"), column("name")],
      rowCount: 20n,
    },
    {
      tableId: catalog[0]?.tableId,
      schemaName: "shop",
      name: "orders",
      columns: [column("total"), column("id")],
      rowCount: 20n,
    },
  ]);
  const { events } = await by.editor.audit.listEvents({ projectId, orderBy: "sequence" });
  expect(events.map(({ type }) => type)).toEqual([EventType.CREATED, EventType.VALIDATED]);
});

test("OK: a validated project is validated again", async () => {
  const by = team(release());
  const { projectId } = await drafted(release(), by);
  for (const _ of [1, 2]) {
    const { project } = await by.editor.projects.validateProject({ projectId });
    expect(project?.state).toBe(ProjectState.VALIDATED);
  }
  expect(await eventsOf(by, projectId)).toEqual(["created", "validated", "validated"]);
});

test("OK: a table of the exact name is meant where it has no schema, though another schema has one, too", async () => {
  const by = team(release());
  const catalog = [catalogTable("t", ["id"]), catalogTable("t", ["id"], "other")];
  const sourceId = release().peers.orchestration.addSource(by.editor.who, catalog);
  const { projectId } = await drafted(release(), by, { sourceId, tables: [{ name: "t" }] });
  const answer = await by.editor.projects.validateProject({ projectId });
  expect(answer.tables.map(({ tableId }) => tableId)).toEqual([catalog[0]?.tableId]);
});

test.each([
  ["a table", [{ name: "gone" }], "there is no table gone"],
  ["a table's schema", [{ schemaName: "other", name: "orders" }], "there is no table other.orders"],
  [
    "columns",
    [{ name: "orders", columns: ["id", "x", "y"] }],
    "table orders has no column x; table orders has no column y",
  ],
  [
    "a table and a column",
    [{ name: "gone" }, { name: "orders", columns: ["x"] }],
    "there is no table gone; table orders has no column x",
  ],
  [
    "a second name for another table",
    [{ name: "orders" }, { schemaName: "shop", name: "orders" }],
    "table shop.orders is selected twice",
  ],
])("FailedPrecondition: the source lacks %s, which the text names", async (_what, selected, problem) => {
  const by = team(release());
  const { projectId, sourceId } = await drafted(release(), by, { tables: selected });
  const call = () => by.editor.projects.validateProject({ projectId });
  expect(await failureOf(call())).toEqual({
    code: "FailedPrecondition",
    reason: "SOURCE_CHANGED",
    metadata: { source: sourceId },
  });
  await expect(call()).rejects.toThrow(`does not have what the project releases: ${problem}`);
  expect((await by.editor.projects.getProject({ projectId })).project?.state).toBe(ProjectState.DRAFT);
});

test("FailedPrecondition: of very much that is missing the text names the beginning", async () => {
  const by = team(release());
  const columns = Array.from({ length: 2000 }, (_, index) => `${index}`.padEnd(255, "é"));
  const { projectId } = await drafted(release(), by, { tables: [{ name: "orders", columns }] });
  const call = () => by.editor.projects.validateProject({ projectId });
  expect(await failureOf(call())).toMatchObject({ reason: "SOURCE_CHANGED" });
  await expect(call()).rejects.toThrow(/no column 0é+; .*; and 1995 more$/);
});

test("FailedPrecondition: a table of several schemas, a source that was not discovered, one that was removed", async () => {
  const by = team(release());
  const { addSource, removeSource } = release().peers.orchestration;
  const twice = addSource(by.editor.who, [catalogTable("t", ["id"], "a"), catalogTable("t", ["id"], "b")]);
  const empty = addSource(by.editor.who, []);
  const removed = addSource(by.editor.who, tables());
  for (const [sourceId, problem] of [
    [twice, "table t is in several schemas: a, b"],
    [empty, "it was not discovered"],
    [removed, "it was removed"],
  ] as const) {
    const { projectId } = await drafted(release(), by, { sourceId, tables: [{ name: "t" }] });
    if (sourceId === removed) removeSource(sourceId);
    await expect(by.editor.projects.validateProject({ projectId })).rejects.toThrow(problem);
  }
});

test("FailedPrecondition: a packaged project, which stays so", async () => {
  const by = team(release());
  const { projectId } = await packaged(release(), by);
  expect(await failureOf(by.editor.projects.validateProject({ projectId }))).toEqual({
    code: "FailedPrecondition",
    reason: "STATE_CONFLICT",
    metadata: { project: projectId, state: "packaged" },
  });
  expect((await by.editor.projects.getProject({ projectId })).project?.state).toBe(ProjectState.PACKAGED);
});

test("Unavailable: the source can't be reached; the text says why", async () => {
  const by = team(release());
  const { projectId, sourceId } = await drafted(release(), by);
  release().peers.orchestration.connection = { connected: false, reason: "nobody listens on port 1" };
  const call = () => by.editor.projects.validateProject({ projectId });
  expect(await failureOf(call())).toEqual({
    code: "Unavailable",
    reason: "SOURCE_UNREACHABLE",
    metadata: { source: sourceId },
  });
  await expect(call()).rejects.toThrow("nobody listens on port 1");
});

test("Unavailable: orchestration fails, and says so", async () => {
  const by = team(release());
  const { projectId } = await drafted(release(), by);
  release().peers.steps.fail("listTables", () => new ConnectError("not now", Code.Unavailable));
  expect(await failureOf(by.editor.projects.validateProject({ projectId }))).toMatchObject({
    code: "Unavailable",
  });
});

test("Aborted: other tables were selected while the source was looked at", async () => {
  const by = team(release());
  const { projectId } = await drafted(release(), by);
  const looked = release().peers.steps.hold("testConnection", "after");
  const call = failureOf(by.editor.projects.validateProject({ projectId }));
  await looked.reached;
  await by.editor.projects.updateProject({ project: { projectId, tables: [{ name: "customers" }] } });
  looked.letGo();
  expect(await call).toEqual({
    code: "Aborted",
    reason: "ETAG_MISMATCH",
    metadata: { project: projectId },
  });
  expect((await by.editor.projects.getProject({ projectId })).project?.state).toBe(ProjectState.DRAFT);
});

test("NotFound: an unknown project, and another organisation's", async () => {
  const { projectId } = await drafted(release(), team(release()));
  for (const id of [randomUUID(), projectId]) {
    const call = team(release()).editor.projects.validateProject({ projectId: id });
    expect(await failureOf(call)).toEqual(missing("project", id));
  }
});
