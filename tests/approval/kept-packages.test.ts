import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { approved, packaged, published, startRelease, submitted, team } from "./release-fixtures.ts";

const release = forFile(startRelease);

const fateOf = (stagingJobId: string): string => {
  const { kept, dropped } = release().peers.staging;
  if (dropped.has(stagingJobId)) return "dropped";
  return kept.has(stagingJobId) ? "kept" : "expires";
};

test.each([
  ["packaged", packaged],
  ["in review", submitted],
  ["approved", approved],
] as const)("OK: the bytes of a project that is %s do not expire", async (_state, make) => {
  const { stagingJobId } = await make(release(), team(release()));
  expect(fateOf(stagingJobId)).toBe("kept");
});

test("OK: the bytes go when the project is published, whose lineage is recorded then", async () => {
  const { projectId, stagingJobId } = await published(release(), team(release()));
  await expect.poll(() => fateOf(stagingJobId)).toBe("dropped");
  expect(release().peers.orchestration.lineage.has(projectId)).toBe(true);
});

test.each(["rejectProject", "requestChanges"] as const)("OK: the bytes go after %s", async (decision) => {
  const by = team(release());
  const { projectId, manifestSha256, stagingJobId } = await submitted(release(), by);
  await by.approver.reviews[decision]({ projectId, manifestSha256, comment: "no" });
  await expect.poll(() => fateOf(stagingJobId)).toBe("dropped");
});

test("OK: the bytes go with the project, also when its user has lost every role since", async () => {
  const by = team(release());
  const { projectId, stagingJobId } = await packaged(release(), by);
  release().peers.identity.roles.set(by.editor.who.userId, undefined);
  await by.editor.projects.deleteProject({ projectId });
  await expect.poll(() => fateOf(stagingJobId)).toBe("dropped");
});

test("OK: the bytes go when the publication fails for good", async () => {
  const by = team(release());
  const { projectId, stagingJobId } = await approved(release(), by);
  release().peers.storage.files.clear();
  await expect(by.editor.projects.publishProject({ projectId })).rejects.toThrow("not found");
  await expect.poll(() => fateOf(stagingJobId)).toBe("dropped");
});

test("OK: the bytes go although the lineage is refused for good", async () => {
  const { steps } = release().peers;
  steps.fail("recordLineage", () => new ConnectError("never", Code.InvalidArgument));
  const { stagingJobId } = await published(release(), team(release()));
  await expect.poll(() => fateOf(stagingJobId)).toBe("dropped");
  steps.mend("recordLineage");
});
