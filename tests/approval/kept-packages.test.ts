import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { NamespaceContentService } from "../../gen/sluice/approval/v1/namespaces_pb.ts";
import { NamespaceContentState as State } from "../../gen/sluice/common/v1/namespaces_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { approved, packaged, published, startRelease, submitted, team } from "./release-fixtures.ts";

const release = forFile(startRelease);

const fateOf = (stagingJobId: string): string => {
  const { kept, dropped } = release().peers.staging;
  if (dropped.has(stagingJobId)) return "dropped";
  return kept.has(stagingJobId) ? "kept" : "expires";
};

/** Whether storage holds files for a package; undefined for none. */
const heldFor = (packageId: string): readonly string[] | undefined =>
  release().peers.storage.held.get(packageId);

async function packageOf(projectId: string): Promise<string> {
  const { sql } = release().database;
  const [row] = await sql`select package_id from approval.projects where project_id = ${projectId}`;
  return String(row?.package_id);
}

test.each(["publish", "reject"] as const)(
  "OK: storage holds the files of a package, until %s",
  async (end) => {
    const by = team(release());
    const make = end === "publish" ? approved : submitted;
    const { projectId, manifestSha256, stagingJobId } = await make(release(), by);
    const packageId = await packageOf(projectId);
    expect(heldFor(packageId)?.length).toBeGreaterThan(0);
    if (end === "publish") await by.editor.projects.publishProject({ projectId });
    else await by.approver.reviews.rejectProject({ projectId, manifestSha256, comment: "no" });
    await expect.poll(() => fateOf(stagingJobId)).toBe("dropped");
    expect(heldFor(packageId)).toBeUndefined();
  },
);

test("OK: a package whose project is deleted while its files are put on hold leaves none on hold", async () => {
  const by = team(release());
  const { projectId } = await packaged(release(), by);
  const { steps } = release().peers;
  const gate = steps.hold("holdPackageFiles", "before");
  const packaging = by.editor.projects.packageProject({ projectId }).catch(() => {});
  await gate.reached;
  const packageId = await packageOf(projectId);
  const { orgId } = by;
  await release()
    .service.client(NamespaceContentService, undefined, "identity")
    .setNamespaceState({ orgId, namespace: "default", state: State.CLEARED });
  const releasedTimes = () => steps.calls.filter((rpc) => rpc === "releasePackageFiles").length;
  const before = releasedTimes();
  gate.letGo();
  await packaging;
  await expect.poll(releasedTimes).toBeGreaterThan(before);
  await expect.poll(() => heldFor(packageId)).toBeUndefined();
});

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
