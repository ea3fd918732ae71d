import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AuditService } from "../../gen/sluice/approval/v1/audit_pb.ts";
import { ProjectService, ProjectState } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { ReviewService } from "../../gen/sluice/approval/v1/reviews_pb.ts";
import { CatalogService } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { LineageService } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { SourceService } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import { FileCategory, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { FileHoldKind, LifecycleAction, LifecycleService } from "../../gen/sluice/storage/v1/lifecycle_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { newId } from "../../services/lib/values/ids.ts";
import { startMesh } from "../contract/mesh.ts";
import { failureOf } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { filestore } from "./fixtures.ts";

const mesh = forFile(startMesh);

const csv = "id,total,note\n1,10,a\n2,20,b\n3,30,c\n";

/** Users of identity. */
async function hire(orgId: string, role: string): Promise<Principal> {
  const userId = newId();
  await mesh().database.sql`
    insert into identity.users (user_id, org_id, email, display_name, password_hash)
    select ${userId}, ${orgId}, ${`${userId}@example.org`}, 'A colleague', password_hash
    from identity.users limit 1`;
  await mesh().database.sql`
    insert into identity.grants (grant_id, org_id, user_id, role)
    values (gen_random_uuid(), ${orgId}, ${userId}, ${role})`;
  return { orgId, userId, roles: [role] };
}

async function newTeam() {
  const orgId = newId();
  await mesh().database.sql`
    insert into identity.orgs (org_id, name, display_name) values (${orgId}, ${`org-${orgId}`}, 'An organisation')`;
  return { editor: await hire(orgId, "editor"), approver: await hire(orgId, "approver") };
}

/** A project on a discovered CSV file, in review. */
async function submittedProject({ editor }: Awaited<ReturnType<typeof newTeam>>) {
  const { file } = await mesh().client(FileService, editor).uploadFile(upload());
  const { source } = await mesh()
    .client(SourceService, editor)
    .createSource({
      source: { displayName: "Orders", connector: "file", settings: { fileId: file?.fileId ?? "" } },
    });
  const { sourceId = "" } = source ?? {};
  const { added } = await mesh().client(CatalogService, editor).discover({ sourceId });
  const table = added[0];
  const projects = mesh().client(ProjectService, editor);
  const { project: draft } = await projects.createProject({
    project: {
      displayName: "Orders of May",
      sourceId,
      tables: [{ name: table?.name ?? "", columns: ["id", "total"] }],
      destination: filestore("warehouse"),
    },
  });
  const { projectId = "" } = draft ?? {};
  await projects.validateProject({ projectId });
  const { project, files } = await projects.packageProject({ projectId });
  const { manifestSha256 = "", stagingJobId } = project ?? {};
  await mesh().client(ReviewService, editor).submitProject({ projectId });
  return { projectId, projects, table, files, stagingJobId, manifestSha256 };
}

/** A project on a discovered CSV file, approved. */
async function approvedProject(by: Awaited<ReturnType<typeof newTeam>>) {
  const submitted = await submittedProject(by);
  const { projectId, manifestSha256 } = submitted;
  await mesh().client(ReviewService, by.approver).approveProject({ projectId, manifestSha256 });
  return submitted;
}

async function* upload() {
  yield { part: { case: "header" as const, value: { name: "orders.csv" } } };
  yield { part: { case: "chunk" as const, value: Buffer.from(csv) } };
}

test("OK: from a file to a release whose bytes and lineage can be read, among all the services", async () => {
  const { editor, approver } = await newTeam();
  const { projectId, projects, table, files, stagingJobId } = await approvedProject({ editor, approver });
  const calls = Array.from({ length: 16 }, () => projects.publishProject({ projectId }));
  const [first, ...others] = await Promise.all(calls);
  for (const answer of others) expect(answer.published).toEqual(first?.published);
  expect(first?.project?.state).toBe(ProjectState.PUBLISHED);
  expect(first?.published.map(({ path, sha256 }) => [path, sha256])).toEqual(
    files.map(({ path, sha256 }) => [path, sha256]),
  );
  const [published] = first?.published ?? [];
  const hash = createHash("sha512");
  const content = mesh()
    .client(FileService, editor)
    .downloadFile({ fileId: published?.fileId ?? "" });
  for await (const { data } of content) hash.update(data);
  expect(hash.digest("hex")).toBe(published?.sha512);

  const entityId = published?.datasetId ?? "";
  const { nodes, edges } = await mesh().client(LineageService, editor).getUpstream({ entityId });
  const ids = nodes.map((node) => node.entityId);
  expect(ids).toEqual(expect.arrayContaining([entityId, projectId, stagingJobId, table?.tableId]));
  const intoRelease = edges.find(({ toEntityId }) => toEntityId === entityId);
  expect(intoRelease?.columns.map(({ toColumn }) => toColumn).sort()).toEqual(["id", "total"]);
  const outOfTable = edges.find(({ fromEntityId }) => fromEntityId === table?.tableId);
  expect(outOfTable?.columns.map(({ fromColumn }) => fromColumn).sort()).toEqual(["id", "total"]);
  expect(await mesh().client(AuditService, approver).verifyChain({})).toMatchObject({
    valid: true,
    eventCount: 8n,
  });
});

test("FailedPrecondition: a byte is flipped on the disk of the staged file; nothing is published", async () => {
  const by = await newTeam();
  const { projectId, projects, files } = await approvedProject(by);
  // Each organisation has objects of its own, also where others have the same content.
  const storage = join(mesh().folder, "storage/objects", by.editor.orgId);
  const name = files[0]?.sha256 ?? "";
  const found = await readdir(storage, { recursive: true, withFileTypes: true });
  const blob = found.find((entry) => entry.isFile() && entry.name === name);
  const path = join(blob?.parentPath ?? "", blob?.name ?? "");
  const bytes = await readFile(path);
  bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20);
  await writeFile(path, bytes);
  const call = projects.publishProject({ projectId });
  expect(await failureOf(call)).toMatchObject({ code: "FailedPrecondition", reason: "RELEASE_CORRUPT" });
  const { project } = await projects.getProject({ projectId });
  expect(project).toMatchObject({ state: ProjectState.FAILED, published: [] });
});

test.each(["publish", "reject"] as const)(
  "OK: nothing touches the chunks of a project in review, until %s",
  async (end) => {
    const by = await newTeam();
    const { projectId, projects, files, manifestSha256 } = await submittedProject(by);
    const admin: Principal = { ...by.approver, roles: ["admin"] };
    const lifecycle = mesh().client(LifecycleService, admin);
    const rule = { name: "idle", action: LifecycleAction.COOL, minIdle: { seconds: 0n } };
    await lifecycle.setLifecycleRules({ rules: [{ ...rule, category: FileCategory.STAGING }] });
    const sha256 = files[0]?.sha256 ?? "";
    const outcomeOf = async () =>
      (await lifecycle.dryRunLifecycle({})).outcomes.find(({ file }) => file?.sha256 === sha256);
    const outcome = await outcomeOf();
    const { fileId = "" } = outcome?.file ?? {};
    expect(outcome).toMatchObject({ held: true, heldBy: FileHoldKind.APPROVAL });
    expect(await failureOf(lifecycle.coolFile({ fileId }))).toMatchObject({ reason: "FILE_HELD" });
    const reviews = mesh().client(ReviewService, by.approver);
    if (end === "reject") await reviews.rejectProject({ projectId, manifestSha256, comment: "no" });
    else {
      await reviews.approveProject({ projectId, manifestSha256 });
      expect(await outcomeOf()).toMatchObject({ heldBy: FileHoldKind.APPROVAL });
      await projects.publishProject({ projectId });
    }
    // The job's files go once they are released.
    await expect.poll(outcomeOf, { timeout: 60_000 }).toBeUndefined();
  },
);
