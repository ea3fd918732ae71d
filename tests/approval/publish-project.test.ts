import { createHash, randomUUID } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, expect, test } from "vitest";
import { ProjectState } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { datasetIdOf } from "../../services/lib/values/ids.ts";
import { failureOf, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import {
  approved,
  drafted,
  eventsOf,
  packaged,
  published,
  startRelease,
  submitted,
  team,
  validated,
} from "./release-fixtures.ts";

const release = forFile(startRelease);
afterEach(() => {
  for (const rpc of ["publishRelease", "recordLineage"] as const) release().peers.steps.mend(rpc);
});

const releaseOf = (projectId: string) => release().peers.storage.releases.get(projectId)?.files ?? [];
const manifestOf = (stagingJobId: string) => release().peers.staging.jobs.get(stagingJobId)?.manifest;

test("OK: answers the files that storage published, a data set for each table", async () => {
  const by = team(release());
  const { projectId, stagingJobId } = await approved(release(), by);
  const answer = await by.editor.projects.publishProject({ projectId });
  expect(answer.project).toMatchObject({ state: ProjectState.PUBLISHED, publishTime: expect.anything() });
  expect(answer.project?.published).toEqual(answer.published);
  const staged = manifestOf(stagingJobId)?.tables.flatMap(({ files }) => files) ?? [];
  expect(staged).toHaveLength(4);
  expect(answer.published).toMatchObject(
    releaseOf(projectId).map((file, index) => ({ ...file, sha256: staged[index]?.sha256 })),
  );
  const [first, second, third, fourth] = answer.published.map(({ datasetId }) => datasetId);
  expect([first === second, second === third, third === fourth]).toEqual([true, false, true]);
});

test("OK: every further call answers the same, and so does reading the project", async () => {
  const by = team(release());
  const { projectId } = await approved(release(), by);
  const first = await by.editor.projects.publishProject({ projectId });
  expect(await by.editor.projects.publishProject({ projectId })).toEqual(first);
  expect(await by.editor.projects.getProject({ projectId })).toMatchObject({ project: first.project });
  const { projects } = await by.editor.projects.listProjects({});
  expect(projects).toMatchObject([{ projectId, state: ProjectState.PUBLISHED, published: [] }]);
  expect(await eventsOf(by, projectId)).toEqual([
    "created",
    "validated",
    "package started",
    "packaged",
    "submitted",
    "approved",
    "publish started",
    "published",
  ]);
});

test("OK: lineage leads from each published column to the staged one, before the answer comes", async () => {
  const by = team(release());
  const { projectId, published: files, stagingJobId } = await published(release(), by);
  const { record, times } = release().peers.orchestration.lineage.get(projectId) ?? {};
  const [orders, customers] = [
    datasetIdOf(stagingJobId, "shop", "orders"),
    datasetIdOf(stagingJobId, "shop", "customers"),
  ];
  const [releasedOrders, releasedCustomers] = [files[0]?.datasetId, files[2]?.datasetId];
  expect(times).toBe(1);
  expect(record?.job?.entityId).toBe(projectId);
  expect(record?.inputs.map(({ entityId }) => entityId)).toEqual([orders, customers]);
  expect(record?.outputs.map(({ entityId }) => entityId)).toEqual([releasedOrders, releasedCustomers]);
  const edge = (from: string, to: string | undefined, column: string) => ({
    inputEntityId: from,
    inputColumn: column,
    outputEntityId: to,
    outputColumn: column,
  });
  expect(record?.columns).toMatchObject([
    edge(orders, releasedOrders, "id"),
    edge(orders, releasedOrders, "total"),
    edge(customers, releasedCustomers, "id"),
    edge(customers, releasedCustomers, "name"),
  ]);
});

test("OK: without a wait it answers at once, and goes on by itself", async () => {
  const by = team(release());
  const { projectId } = await approved(release(), by);
  const publishing = release().peers.steps.hold("publishRelease", "before");
  const early = await by.editor.projects.publishProject({ projectId, wait: { seconds: 0n } });
  expect(early).toMatchObject({ project: { state: ProjectState.PUBLISHING }, published: [] });
  await publishing.reached;
  publishing.letGo();
  const { published: files } = await by.editor.projects.publishProject({ projectId });
  expect(files).toHaveLength(4);
});

test("OK: it is published although the lineage can't be recorded now, and that comes later", async () => {
  const by = team(release());
  const { projectId } = await approved(release(), by);
  const { steps, orchestration } = release().peers;
  steps.fail("recordLineage", () => new ConnectError("not now", Code.Unavailable));
  const { published: files } = await by.editor.projects.publishProject({ projectId });
  expect(files).toHaveLength(4);
  expect(orchestration.lineage.get(projectId)).toBeUndefined();
  const recorded = steps.hold("recordLineage", "after");
  steps.mend("recordLineage");
  await recorded.reached;
  recorded.letGo();
  expect(orchestration.lineage.get(projectId)?.times).toBe(1);
  expect(await by.editor.projects.publishProject({ projectId })).toMatchObject({ published: files });
});

test("OK: storage that fails for a while is asked again", async () => {
  const by = team(release());
  const { projectId } = await approved(release(), by);
  const { steps } = release().peers;
  steps.fail("publishRelease", () => new ConnectError("not now", Code.Unavailable));
  const first = steps.hold("publishRelease", "before");
  const call = by.editor.projects.publishProject({ projectId });
  await first.reached;
  const second = steps.hold("publishRelease", "before");
  first.letGo();
  await second.reached;
  steps.mend("publishRelease");
  second.letGo();
  expect((await call).published).toHaveLength(4);
});

test("FailedPrecondition: one byte is flipped in staging; nothing is published, and every call says so", async () => {
  const by = team(release());
  const { projectId, stagingJobId } = await approved(release(), by);
  const [, , file] = manifestOf(stagingJobId)?.tables.flatMap(({ files }) => files) ?? [];
  release()
    .peers.storage.files.get(file?.fileId ?? "")
    ?.fill("x", 7, 8);
  const corrupt = {
    code: "FailedPrecondition",
    reason: "RELEASE_CORRUPT",
    metadata: { project: projectId },
  };
  for (const _ of [1, 2]) {
    const call = by.editor.projects.publishProject({ projectId });
    expect(await failureOf(call)).toEqual(corrupt);
  }
  expect(releaseOf(projectId)).toEqual([]);
  const { project } = await by.editor.projects.getProject({ projectId });
  expect(project).toMatchObject({
    state: ProjectState.FAILED,
    published: [],
    errorMessage: expect.stringContaining("does not have the bytes that were approved"),
  });
  expect((await eventsOf(by, projectId)).at(-1)).toBe("publish failed");
});

test("FailedPrecondition: the staged bytes are gone", async () => {
  const by = team(release());
  const { projectId } = await approved(release(), by);
  release().peers.storage.files.clear();
  const call = by.editor.projects.publishProject({ projectId });
  expect(await failureOf(call)).toMatchObject({ reason: "RELEASE_CORRUPT" });
});

test("OK: what failed is validated, packaged, approved and published again", async () => {
  const by = team(release());
  const { projectId } = await approved(release(), by);
  release().peers.storage.files.clear();
  await failureOf(by.editor.projects.publishProject({ projectId }));
  await by.editor.projects.validateProject({ projectId });
  const { project } = await by.editor.projects.packageProject({ projectId });
  await by.editor.reviews.submitProject({ projectId });
  const { manifestSha256 = "" } = project ?? {};
  await by.approver.reviews.approveProject({ projectId, manifestSha256 });
  const answer = await by.editor.projects.publishProject({ projectId });
  expect(answer.published).toHaveLength(4);
  expect(answer.project).toMatchObject({ state: ProjectState.PUBLISHED, errorMessage: "" });
});

test.each([
  ["a draft", drafted, "it has not been validated, packaged, submitted for review and approved"],
  ["a validated project", validated, "it has not been packaged, submitted for review and approved"],
  ["a packaged project", packaged, "it has not been submitted for review and approved"],
  ["a project in review", submitted, "it has 0 of the 1 approvals that its policy asks for"],
] as const)("FailedPrecondition: %s; the text says what is missing", async (_what, make, lacks) => {
  const by = team(release());
  const { projectId, state } = await make(release(), by);
  const call = () => by.editor.projects.publishProject({ projectId });
  expect(await failureOf(call())).toMatchObject({ code: "FailedPrecondition", reason: "APPROVAL_MISSING" });
  await expect(call()).rejects.toThrow(`project ${projectId} can't be published: ${lacks}`);
  expect((await by.editor.projects.getProject({ projectId })).project?.state).toBe(state);
  expect(releaseOf(projectId)).toEqual([]);
});

test("FailedPrecondition: a rejected project, one to be changed, one that failed; the text says so", async () => {
  const by = team(release());
  const decide = async (decision: "rejectProject" | "requestChanges") => {
    const { projectId, manifestSha256 } = await submitted(release(), by);
    await by.approver.reviews[decision]({ projectId, manifestSha256, comment: "no" });
    return projectId;
  };
  const failing = await validated(release(), by);
  release().peers.steps.fail("createJob", () => new ConnectError("no such table", Code.InvalidArgument));
  await by.editor.projects.packageProject({ projectId: failing.projectId });
  release().peers.steps.mend("createJob");
  for (const [projectId, lacks] of [
    [await decide("rejectProject"), "it was rejected by a reviewer"],
    [await decide("requestChanges"), "it has to be changed as a reviewer asked, and then"],
    [failing.projectId, "it failed (no such table), and has to be validated, packaged"],
  ] as const) {
    const call = () => by.editor.projects.publishProject({ projectId });
    expect(await failureOf(call())).toMatchObject({ reason: "APPROVAL_MISSING" });
    await expect(call()).rejects.toThrow(`project ${projectId} can't be published: ${lacks}`);
  }
});

test("OK: who asked for the publication may go when storage was asked: it is finished", async () => {
  const by = team(release());
  const { projectId } = await approved(release(), by);
  const { steps, identity } = release().peers;
  steps.fail("publishRelease", () => new ConnectError("not now", Code.Unavailable));
  const asked = steps.hold("publishRelease", "before");
  const call = by.editor.projects.publishProject({ projectId });
  await asked.reached;
  identity.roles.set(by.editor.who.userId, undefined);
  const again = steps.hold("publishRelease", "before");
  asked.letGo();
  await again.reached;
  steps.mend("publishRelease");
  again.letGo();
  expect((await call).published).toHaveLength(4);
});

test("NotFound: an unknown project, and another organisation's, which is not published", async () => {
  const by = team(release());
  const { projectId } = await approved(release(), by);
  for (const id of [randomUUID(), projectId]) {
    const call = team(release()).editor.projects.publishProject({ projectId: id });
    expect(await failureOf(call)).toEqual(missing("project", id));
  }
  expect((await by.editor.projects.getProject({ projectId })).project?.state).toBe(ProjectState.APPROVED);
});

test("OK: the event tells the hash of the published files as sha256sum would list them", async () => {
  const by = team(release());
  const { projectId, published: files } = await published(release(), by);
  const { events } = await by.editor.audit.listEvents({ projectId, orderBy: "sequence" });
  const listed = files.map(({ sha256, path }) => `${sha256}  ${path}\n`).join("");
  expect(JSON.parse(events.at(-1)?.detailsJson ?? "")).toMatchObject({
    fileCount: 4,
    filesSha256: createHash("sha256").update(listed).digest("hex"),
  });
});
