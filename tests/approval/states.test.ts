import { afterAll, beforeAll, expect, test } from "vitest";
import { type State, states, statesBefore } from "../../services/approval/state.ts";
import { failureOf } from "../lib/failure-of.ts";
import { drafted, type Release, startRelease, type Team, team } from "./release-fixtures.ts";

let release: Release;
beforeAll(async () => {
  release = await startRelease();
});
afterAll(() => release[Symbol.asyncDispose]());

const manifestSha256 = "a".repeat(64);
const withoutManifest: State[] = ["draft", "validated", "failed"];

/** A project whose row is set to a state directly, with the columns that the constraints require. */
async function inState(by: Team, state: State): Promise<string> {
  const { projectId } = await drafted(release, by);
  const { sql } = release.database;
  const made = !withoutManifest.includes(state);
  await sql`
    update approval.projects set
      state = ${state},
      found_tables = '[]',
      package_id = case when ${made} then gen_random_uuid() end,
      staging_job_id = case when ${made} then gen_random_uuid() end,
      manifest_sha256 = case when ${made} then ${manifestSha256} end,
      submitter_user_id = gen_random_uuid(),
      publish_time = case when ${state} = 'published' then now() end,
      error_message = case when ${state} = 'failed' then 'it broke' end
    where project_id = ${projectId}`;
  return projectId;
}

const noWait = { seconds: 0n };
const decision = (projectId: string) => ({ projectId, manifestSha256, comment: "x" });

/** For each call, the states that allow it and the error in other states. */
const calls: Record<string, [(by: Team, projectId: string) => Promise<unknown>, State[], string]> = {
  updateProject: [
    ({ editor }, projectId) =>
      editor.projects.updateProject({ project: { projectId, displayName: projectId } }),
    ["draft", "validated", "packaged", "changes_requested", "failed"],
    "STATE_CONFLICT",
  ],
  deleteProject: [
    ({ editor }, projectId) => editor.projects.deleteProject({ projectId }),
    ["draft", "validated", "packaged", "rejected", "changes_requested", "failed"],
    "STATE_CONFLICT",
  ],
  validateProject: [
    ({ editor }, projectId) => editor.projects.validateProject({ projectId }),
    ["draft", "validated", "changes_requested", "failed"],
    "STATE_CONFLICT",
  ],
  packageProject: [
    ({ editor }, projectId) => editor.projects.packageProject({ projectId, wait: noWait }),
    ["validated", "packaged"],
    "STATE_CONFLICT",
  ],
  submitProject: [
    ({ editor }, projectId) => editor.reviews.submitProject({ projectId }),
    ["packaged", "in_review"],
    "STATE_CONFLICT",
  ],
  approveProject: [
    ({ approver }, projectId) => approver.reviews.approveProject(decision(projectId)),
    ["in_review"],
    "STATE_CONFLICT",
  ],
  rejectProject: [
    ({ approver }, projectId) => approver.reviews.rejectProject(decision(projectId)),
    ["in_review"],
    "STATE_CONFLICT",
  ],
  requestChanges: [
    ({ approver }, projectId) => approver.reviews.requestChanges(decision(projectId)),
    ["in_review"],
    "STATE_CONFLICT",
  ],
  publishProject: [
    ({ editor }, projectId) => editor.projects.publishProject({ projectId, wait: noWait }),
    ["approved", "publishing", "published"],
    "APPROVAL_MISSING",
  ],
};

test.each(Object.entries(calls))(
  "FailedPrecondition: %s, but in its states",
  async (_name, [call, allowed, reason]) => {
    for (const state of states) {
      const by = team(release);
      const projectId = await inState(by, state);
      if (allowed.includes(state)) {
        await call(by, projectId);
        continue;
      }
      expect([state, await failureOf(call(by, projectId))]).toEqual([
        state,
        { code: "FailedPrecondition", reason, metadata: { project: projectId, state } },
      ]);
      const { project } = await by.editor.projects.getProject({ projectId });
      expect(project?.etag).toBe("1");
    }
  },
);

test("every state can be reached from draft, and only a published or a rejected project goes nowhere", () => {
  const reached = new Set<State>(["draft"]);
  const nextOf = (state: State) => states.filter((next) => statesBefore(next).includes(state));
  for (const state of reached) for (const next of nextOf(state)) reached.add(next);
  expect([...reached].sort()).toEqual([...states].sort());
  expect(states.filter((state) => nextOf(state).length === 0)).toEqual(["published", "rejected"]);
  expect(statesBefore("published")).toEqual(["publishing"]);
});

test.each([
  [
    "an unknown state",
    "state = 'released', found_tables = '[]', submitter_user_id = gen_random_uuid()",
    "projects_state_known",
  ],
  ["a validated project of which nothing was found", "state = 'validated'", "projects_found_before_packaged"],
  [
    "an approved project without a manifest",
    "state = 'approved', found_tables = '[]', submitter_user_id = gen_random_uuid()",
    "projects_manifest_when_packaged",
  ],
  ["a draft with a package", "package_id = gen_random_uuid()", "projects_draft_has_no_package"],
  ["a draft with a manifest", `manifest_sha256 = '${manifestSha256}'`, "projects_no_manifest_before"],
  ["a draft that was published", "publish_time = now()", "projects_publish_time_when_published"],
  ["a draft with an error", "error_message = 'it broke'", "projects_error_when_failed"],
  ["no approvals", "approvals_required = 0", "projects_approvals_required_range"],
])("the database refuses %s", async (_what, change, constraint) => {
  const by = team(release);
  const { projectId } = await drafted(release, by);
  const update = release.database.sql.unsafe(`update approval.projects set ${change} where project_id = $1`, [
    projectId,
  ]);
  await expect(update).rejects.toThrow(constraint);
});
