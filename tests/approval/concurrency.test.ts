import { expect, test } from "vitest";
import { ProjectState } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { failureOf } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import {
  approved,
  drafted,
  eventsOf,
  packaged,
  startRelease,
  submitted,
  team,
  validated,
} from "./release-fixtures.ts";

const release = forFile(startRelease);

const times = <T>(count: number, call: () => Promise<T>): Promise<T>[] => Array.from({ length: count }, call);
const counted = (names: string[], name: string) => names.filter((each) => each === name).length;
const callsOf = (rpc: "publishRelease" | "createJob") =>
  release().peers.steps.calls.filter((call) => call === rpc).length;

test("OK: 16 calls at once publish once, and all answer the same", async () => {
  const by = team(release());
  const { projectId } = await approved(release(), by);
  const before = callsOf("publishRelease");
  const [first, ...others] = await Promise.all(
    times(16, () => by.editor.projects.publishProject({ projectId })),
  );
  expect(first?.published).toHaveLength(4);
  for (const answer of others) expect(answer.published).toEqual(first?.published);
  expect(callsOf("publishRelease") - before).toBe(1);
  const names = await eventsOf(by, projectId);
  expect([counted(names, "publish started"), counted(names, "published")]).toEqual([1, 1]);
  expect(release().peers.orchestration.lineage.get(projectId)?.times).toBe(1);
});

test("OK: 8 calls at once make one package, and all answer it", async () => {
  const by = team(release());
  const { projectId } = await validated(release(), by);
  const before = callsOf("createJob");
  const [first, ...others] = await Promise.all(
    times(8, () => by.editor.projects.packageProject({ projectId })),
  );
  expect(first?.project?.state).toBe(ProjectState.PACKAGED);
  // A call after the end of the first package makes another one. Each of them is complete.
  const made = counted(await eventsOf(by, projectId), "packaged");
  expect(callsOf("createJob") - before).toBe(made);
  for (const { project, files } of others) {
    expect([project?.state, files.length]).toEqual([ProjectState.PACKAGED, 4]);
  }
});

test("OK: 8 submissions at once are one, and all answer the project in review", async () => {
  const by = team(release());
  const { projectId } = await packaged(release(), by);
  const answers = await Promise.all(times(8, () => by.editor.reviews.submitProject({ projectId })));
  for (const { project } of answers) expect(project).toEqual(answers[0]?.project);
  expect(answers[0]?.project?.state).toBe(ProjectState.IN_REVIEW);
  expect(counted(await eventsOf(by, projectId), "submitted")).toBe(1);
});

test("OK: 8 approvals of one user at once are one", async () => {
  const by = team(release());
  const { projectId, manifestSha256 } = await submitted(release(), by, { policy: { approvalsRequired: 2 } });
  const answers = await Promise.all(
    times(8, () => by.approver.reviews.approveProject({ projectId, manifestSha256 })),
  );
  expect(new Set(answers.map(({ review }) => review?.reviewId)).size).toBe(1);
  expect((await by.editor.reviews.listReviews({ projectId })).reviews).toHaveLength(1);
  expect(answers.at(-1)?.project?.state).toBe(ProjectState.IN_REVIEW);
});

test("OK: the second of two approvals that are awaited decides, whichever comes first", async () => {
  const by = team(release());
  const { projectId, manifestSha256 } = await submitted(release(), by, { policy: { approvalsRequired: 2 } });
  const answers = await Promise.all(
    [by.approver, by.second].map(({ reviews }) => reviews.approveProject({ projectId, manifestSha256 })),
  );
  expect(answers.map(({ project }) => project?.state).sort()).toEqual([
    ProjectState.IN_REVIEW,
    ProjectState.APPROVED,
  ]);
});

test("FailedPrecondition: one of a racing approval and a request for changes", async () => {
  const by = team(release());
  for (let round = 0; round < 5; round += 1) {
    const { projectId, manifestSha256 } = await submitted(release(), by);
    const request = { projectId, manifestSha256, comment: "x" };
    const failures = await Promise.all([
      failureOf(by.approver.reviews.approveProject(request)).catch(() => undefined),
      failureOf(by.second.reviews.requestChanges(request)).catch(() => undefined),
    ]);
    expect(failures.map((failure) => failure?.reason).sort()).toEqual(["STATE_CONFLICT", undefined]);
  }
});

test("FailedPrecondition: an approval of a manifest, while the project is packaged anew", async () => {
  const by = team(release());
  const { projectId, manifestSha256 } = await submitted(release(), by);
  await by.second.reviews.requestChanges({ projectId, manifestSha256, comment: "once more" });
  await by.editor.projects.validateProject({ projectId });
  const repackaged = by.editor.projects
    .packageProject({ projectId })
    .then(() => by.editor.reviews.submitProject({ projectId }));
  let isDone = false;
  const done = repackaged.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    const refused = await failureOf(by.approver.reviews.approveProject({ projectId, manifestSha256 }));
    expect(refused.reason).toMatch(/^(STATE_CONFLICT|MANIFEST_MISMATCH)$/);
  }
  const { project } = await done;
  expect(project?.state).toBe(ProjectState.IN_REVIEW);
  expect(project?.manifestSha256).not.toBe(manifestSha256);
});

test("OK: an edit and a package at once: the one that comes second finds what the first left", async () => {
  const by = team(release());
  for (let round = 0; round < 5; round += 1) {
    const { projectId } = await validated(release(), by);
    const [edited, made] = await Promise.allSettled([
      by.editor.projects.updateProject({ project: { projectId, tables: [{ name: "customers" }] } }),
      by.editor.projects.packageProject({ projectId }),
    ]);
    const { project } = await by.editor.projects.getProject({ projectId });
    if (edited.status === "fulfilled" && made.status === "fulfilled") {
      expect([project?.state, project?.manifestSha256]).toEqual([ProjectState.DRAFT, ""]);
    } else {
      expect([edited.status, made.status].sort()).toEqual(["fulfilled", "rejected"]);
      const state = edited.status === "fulfilled" ? ProjectState.DRAFT : ProjectState.PACKAGED;
      expect(project?.state).toBe(state);
    }
  }
});

test("OK: the chain of an organisation that does much at once has no gap", async () => {
  const by = team(release());
  const made = await Promise.all(times(20, () => drafted(release(), by)));
  await Promise.all(made.map(({ projectId }) => by.editor.projects.validateProject({ projectId })));
  expect(await by.approver.audit.verifyChain({})).toMatchObject({ valid: true, eventCount: 40n });
});
