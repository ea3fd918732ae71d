import { randomUUID } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, expect, test } from "vitest";
import {
  FilestoreDestination_Format as Format,
  ProjectState,
} from "../../gen/sluice/approval/v1/projects_pb.ts";
import { FileFormat, JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { failureOf, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { filestore } from "./fixtures.ts";
import { drafted, eventsOf, packaged, startRelease, submitted, team, validated } from "./release-fixtures.ts";

const release = forFile(startRelease);
afterEach(() => {
  const { staging, steps } = release().peers;
  staging.outcome = { state: JobState.SUCCEEDED, errorMessage: "" };
  staging.afterwards = () => {};
  for (const rpc of ["createJob", "watchJob", "getManifest"] as const) steps.mend(rpc);
});

const jobOf = (stagingJobId: string | undefined) => release().peers.staging.jobs.get(stagingJobId ?? "");

test("OK: answers the packaged files, and the project with its manifest's hash", async () => {
  const by = team(release());
  const { projectId } = await validated(release(), by);
  const { project, files } = await by.editor.projects.packageProject({ projectId });
  const staged = jobOf(project?.stagingJobId);
  expect(project).toMatchObject({
    state: ProjectState.PACKAGED,
    manifestSha256: staged?.sha256,
    published: [],
    errorMessage: "",
  });
  const folder = `warehouse/${projectId}/shop`;
  const written = staged?.manifest.tables.flatMap((table) => table.files) ?? [];
  expect(files).toMatchObject(
    ["orders/part-00000", "orders/part-00001", "customers/part-00000", "customers/part-00001"].map(
      (path, index) => ({
        path: `${folder}/${path}.parquet`,
        format: Format.PARQUET,
        sha256: written[index]?.sha256,
        sizeBytes: written[index]?.sizeBytes,
        rowCount: 10n,
      }),
    ),
  );
  expect(staged?.job).toMatchObject({
    format: FileFormat.PARQUET,
    selections: [
      { schemaName: "shop", name: "orders", columns: ["id", "total"] },
      { schemaName: "shop", name: "customers", columns: ["id", "name"] },
    ],
  });
  expect(await eventsOf(by, projectId)).toEqual(["created", "validated", "package started", "packaged"]);
});

test("OK: as CSV where the destination says so", async () => {
  const by = team(release());
  const { projectId } = await validated(release(), by, { destination: filestore("prod", Format.CSV) });
  const { project, files } = await by.editor.projects.packageProject({ projectId });
  expect(jobOf(project?.stagingJobId)?.job).toMatchObject({ format: FileFormat.CSV });
  expect(files[0]).toMatchObject({
    path: `prod/${projectId}/shop/orders/part-00000.csv`,
    format: Format.CSV,
  });
});

test("OK: a packaged project is packaged anew, and its former bytes are removed", async () => {
  const by = team(release());
  const first = await packaged(release(), by);
  const removed = release().peers.steps.hold("dropJob", "after");
  const { project } = await by.editor.projects.packageProject({ projectId: first.projectId });
  expect(project).toMatchObject({ state: ProjectState.PACKAGED });
  expect(project?.manifestSha256).not.toBe(first.manifestSha256);
  await removed.reached;
  removed.letGo();
  const { kept, dropped } = release().peers.staging;
  for (const [jobId = "", isKept] of [
    [first.stagingJobId, false],
    [project?.stagingJobId, true],
  ] as const) {
    expect([kept.has(jobId), dropped.has(jobId)]).toEqual([isKept, !isKept]);
  }
});

test("OK: without a wait it answers at once and goes on by itself; another call waits for the same package", async () => {
  const by = team(release());
  const { projectId } = await validated(release(), by);
  const staging = release().peers.steps.hold("watchJob", "before");
  const early = await by.editor.projects.packageProject({ projectId, wait: { seconds: 0n } });
  expect(early).toMatchObject({ project: { state: ProjectState.VALIDATED, manifestSha256: "" }, files: [] });
  await staging.reached;
  const waited = await by.editor.projects.packageProject({ projectId, wait: { nanos: 300_000_000 } });
  expect(waited).toEqual(await by.editor.projects.packageProject({ projectId, wait: { seconds: 0n } }));
  staging.letGo();
  const read = async () => (await by.editor.projects.getProject({ projectId })).project?.state;
  await expect.poll(read, { timeout: 20_000 }).toBe(ProjectState.PACKAGED);
  expect(await eventsOf(by, projectId)).toEqual(["created", "validated", "package started", "packaged"]);
});

test("OK: the staging job stands in the project while it is being packaged, which nothing else may change", async () => {
  const by = team(release());
  const { projectId } = await validated(release(), by);
  const staging = release().peers.steps.hold("watchJob", "before");
  await by.editor.projects.packageProject({ projectId, wait: { seconds: 0n } });
  await staging.reached;
  const { project } = await by.editor.projects.getProject({ projectId });
  expect(jobOf(project?.stagingJobId)).toBeDefined();
  const refusals = await Promise.all(
    [
      by.editor.projects.validateProject({ projectId }),
      by.editor.projects.updateProject({ project: { projectId, displayName: "another" } }),
      by.editor.projects.deleteProject({ projectId }),
      by.editor.reviews.submitProject({ projectId }),
    ].map(failureOf),
  );
  expect(refusals.map(({ reason }) => reason)).toEqual(Array(4).fill("STATE_CONFLICT"));
  staging.letGo();
  await by.editor.projects.packageProject({ projectId });
});

test("OK: what fails for a while is tried again, and staging makes one job", async () => {
  const by = team(release());
  const { projectId } = await validated(release(), by);
  const before = release().peers.staging.jobs.size;
  const { steps } = release().peers;
  const created = steps.hold("createJob", "after");
  steps.fail("watchJob", () => new ConnectError("not now", Code.Unavailable));
  const call = by.editor.projects.packageProject({ projectId });
  await created.reached;
  created.letGo();
  const again = steps.hold("createJob", "before");
  await again.reached;
  steps.mend("watchJob");
  again.letGo();
  expect((await call).project?.state).toBe(ProjectState.PACKAGED);
  expect(release().peers.staging.jobs.size).toBe(before + 1);
});

test.each([
  [
    "failed",
    { state: JobState.FAILED, errorMessage: "the disk is full" },
    "staging failed: the disk is full",
  ],
  ["was cancelled", { state: JobState.CANCELLED, errorMessage: "" }, "its staging job was cancelled"],
])(
  "OK: the project has failed when its staging job %s, and can be validated again",
  async (_how, outcome, said) => {
    const by = team(release());
    const { projectId } = await validated(release(), by);
    release().peers.staging.outcome = outcome;
    const { project, files } = await by.editor.projects.packageProject({ projectId });
    expect(project).toMatchObject({ state: ProjectState.FAILED, errorMessage: said, manifestSha256: "" });
    expect(files).toEqual([]);
    await expect.poll(() => release().peers.staging.dropped.has(project?.stagingJobId ?? "")).toBe(true);
    expect(await eventsOf(by, projectId)).toEqual([
      "created",
      "validated",
      "package started",
      "package failed",
    ]);
    const { project: again } = await by.editor.projects.validateProject({ projectId });
    expect(again).toMatchObject({ state: ProjectState.VALIDATED, errorMessage: "", stagingJobId: "" });
  },
);

test("OK: the project has failed when staging refuses the job", async () => {
  const by = team(release());
  const { projectId } = await validated(release(), by);
  release().peers.steps.fail("createJob", () => new ConnectError("no such table", Code.InvalidArgument));
  const { project } = await by.editor.projects.packageProject({ projectId });
  expect(project).toMatchObject({ state: ProjectState.FAILED, errorMessage: "no such table" });
});

test("OK: the project has failed when it has more files than a release", async () => {
  const by = team(release());
  const { projectId } = await validated(release(), by);
  release().peers.staging.filesPerTable = 5001;
  const { project } = await by.editor.projects.packageProject({ projectId });
  release().peers.staging.filesPerTable = 2;
  expect(project).toMatchObject({
    state: ProjectState.FAILED,
    errorMessage: "the package has 10002 files, and a release at most 10000: release fewer tables at once",
  });
});

test("OK: the project has failed when the manifest is not the one that was hashed", async () => {
  const by = team(release());
  const { projectId } = await validated(release(), by);
  release().peers.staging.afterwards = (manifest) => {
    const [file] = manifest.tables[0]?.files ?? [];
    if (file) file.sha256 = "f".repeat(64);
  };
  const { project } = await by.editor.projects.packageProject({ projectId });
  expect(project).toMatchObject({
    state: ProjectState.FAILED,
    errorMessage: "the staged manifest does not have the hash that it was staged with",
  });
});

test.each([
  ["is gone", undefined],
  ["may only look now", ["viewer"]],
])("OK: the project has failed when who asked for the package %s", async (_how, roles) => {
  const by = team(release());
  const { projectId } = await validated(release(), by);
  release().peers.identity.roles.set(by.editor.who.userId, roles);
  const { project } = await by.editor.projects.packageProject({ projectId });
  expect(project).toMatchObject({
    state: ProjectState.FAILED,
    errorMessage: "the user who asked for the package may not change projects any more",
  });
});

test("FailedPrecondition: a draft, and a project in review, which keeps its manifest", async () => {
  const by = team(release());
  const draft = await drafted(release(), by);
  const inReview = await submitted(release(), by);
  for (const [{ projectId }, state] of [
    [draft, "draft"],
    [inReview, "in_review"],
  ] as const) {
    expect(await failureOf(by.editor.projects.packageProject({ projectId }))).toEqual({
      code: "FailedPrecondition",
      reason: "STATE_CONFLICT",
      metadata: { project: projectId, state },
    });
  }
  const { projectId } = inReview;
  expect((await by.editor.projects.getProject({ projectId })).project).toEqual(inReview);
});

test("InvalidArgument: a wait of more than 5 minutes", async () => {
  const by = team(release());
  const { projectId } = await validated(release(), by);
  const call = by.editor.projects.packageProject({ projectId, wait: { seconds: 301n } });
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["wait"] });
});

test("NotFound: an unknown project, and another organisation's", async () => {
  const { projectId } = await validated(release(), team(release()));
  for (const id of [randomUUID(), projectId]) {
    const call = team(release()).editor.projects.packageProject({ projectId: id });
    expect(await failureOf(call)).toEqual(missing("project", id));
  }
});
