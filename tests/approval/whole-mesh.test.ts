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
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
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
    insert into identity.users (user_id, org_id, email, display_name, password_hash, roles)
    select ${userId}, ${orgId}, ${`${userId}@example.org`}, 'A colleague', password_hash, ${[role]}::text[]
    from identity.users limit 1`;
  return { orgId, userId, roles: [role] };
}

async function newTeam() {
  const orgId = newId();
  await mesh().database.sql`
    insert into identity.orgs (org_id, name, display_name) values (${orgId}, ${`org-${orgId}`}, 'An organisation')`;
  return { editor: await hire(orgId, "editor"), approver: await hire(orgId, "approver") };
}

/** A project on a discovered CSV file, approved. */
async function approvedProject({ editor, approver }: Awaited<ReturnType<typeof newTeam>>) {
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
  const { manifestSha256 = "" } = project ?? {};
  await mesh().client(ReviewService, editor).submitProject({ projectId });
  await mesh().client(ReviewService, approver).approveProject({ projectId, manifestSha256 });
  return { projectId, projects, table, files, stagingJobId: project?.stagingJobId };
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
  const storage = join(mesh().folder, "storage");
  const name = files[0]?.sha256 ?? "";
  const found = await readdir(storage, { recursive: true, withFileTypes: true });
  const blob = found.find((entry) => entry.isFile() && entry.name.includes(name.slice(4)));
  const path = join(blob?.parentPath ?? "", blob?.name ?? "");
  const bytes = await readFile(path);
  bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20);
  await writeFile(path, bytes);
  const call = projects.publishProject({ projectId });
  expect(await failureOf(call)).toMatchObject({ code: "FailedPrecondition", reason: "RELEASE_CORRUPT" });
  const { project } = await projects.getProject({ projectId });
  expect(project).toMatchObject({ state: ProjectState.FAILED, published: [] });
});
