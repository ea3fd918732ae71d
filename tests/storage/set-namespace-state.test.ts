import { expect, test } from "vitest";
import { NamespaceContentState as State } from "../../gen/sluice/common/v1/namespaces_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { ModelService, ModelStage } from "../../gen/sluice/storage/v1/models_pb.ts";
import { NamespaceContentService } from "../../gen/sluice/storage/v1/namespaces_pb.ts";
import { QuotaService } from "../../gen/sluice/storage/v1/quota_pb.ts";
import { UploadPolicyService } from "../../gen/sluice/storage/v1/upload_policies_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { failureOf, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { chunkPart, mib, openUpload, usage, usageOf } from "./fixtures.ts";
import { newOrgWith, startStorageWithIdentity } from "./namespaces.ts";
import { append, createUpload } from "./resumable-fixtures.ts";

const scene = forFile(startStorageWithIdentity);

async function upload(who: Principal) {
  async function* parts() {
    yield { part: { case: "header" as const, value: { name: "a.csv", namespace: "team" } } };
    yield { part: { case: "chunk" as const, value: Buffer.from("abc") } };
  }
  return scene().storage.client(FileService, who).uploadFile(parts());
}

test("OK: SetNamespaceState counts, closes, clears a part at a time and opens again", async () => {
  const admin = await newOrgWith(scene().identity, "team");
  const content = scene().storage.client(NamespaceContentService, admin, "identity");
  const set = async (state: State) =>
    (await content.setNamespaceState({ orgId: admin.orgId, namespace: "team", state })).counts;
  for (let count = 0; count < 3; count += 1) await upload(admin);
  await scene().identity.database.sql`
    insert into storage.files (file_id, org_id, namespace, name, content_type, size_bytes, sha256, creator_user_id)
    select gen_random_uuid(), org_id, namespace, name, content_type, 0, sha256, creator_user_id
    from storage.files cross join generate_series(1, 200) where org_id = ${admin.orgId}`;
  for (const table of ["quotas", "namespace_quotas"]) {
    const { sql } = scene().identity.database;
    await sql`update ${sql(`storage.${table}`)} set file_count = 603 where org_id = ${admin.orgId}`;
  }
  expect(await set(State.CLOSED)).toEqual({ files: 603n });
  expect(await failureOf(upload(admin))).toEqual(missing("namespace", "team"));
  expect(await set(State.OPEN)).toEqual({ files: 603n });
  await upload(admin);
  expect(await set(State.CLEARED)).toEqual({ files: 104n });
  expect(await failureOf(upload(admin))).toEqual(missing("namespace", "team"));
  expect(await set(State.CLEARED)).toEqual({});
  const usage = await scene().storage.client(QuotaService, admin).getUsage({});
  expect(usage).toMatchObject({ usedBytes: 0n, fileCount: 0n });
});

test("OK: SetNamespaceState counts models and clears them with aliases, versions and files", async () => {
  const admin = await newOrgWith(scene().identity, "team");
  const models = scene().storage.client(ModelService, admin);
  const { file } = await upload(admin);
  const namespace = "team";
  const files = [{ path: "m", fileId: file?.fileId ?? "" }];
  for (const modelName of ["one", "two", "one"])
    await models.registerModelVersion({ modelName, namespace, files });
  await models.setModelAlias({ model: "one", namespace, alias: "champion", version: 2 });
  await models.setModelVersionStage({ model: "one", namespace, version: 1, stage: ModelStage.PRODUCTION });
  const content = scene().storage.client(NamespaceContentService, admin, "identity");
  const set = async (state: State) =>
    (await content.setNamespaceState({ orgId: admin.orgId, namespace, state })).counts;
  expect(await set(State.CLOSED)).toEqual({ files: 1n, models: 2n });
  const closed = models.registerModelVersion({ modelName: "three", namespace, files });
  expect(await failureOf(closed)).toEqual(missing("namespace", "team"));
  expect(await set(State.CLEARED)).toEqual({ files: 1n, models: 2n });
  expect(await set(State.CLEARED)).toEqual({});
  const usage = await scene().storage.client(QuotaService, admin).getUsage({});
  expect(usage).toMatchObject({ usedBytes: 0n, fileCount: 0n });
});

test("NotFound: an upload that began before its namespace was deleted", async () => {
  const { identity, storage } = scene();
  const admin = await newOrgWith(identity, "team");
  const slow = openUpload(storage, admin, { namespace: "team" });
  for (let count = 0; count < 3; count += 1) slow.send(chunkPart(Buffer.alloc(mib)));
  const reserved = () =>
    identity.database.sql`select from storage.reservations where org_id = ${admin.orgId}`;
  await expect.poll(async () => (await reserved()).length).toBe(1);
  const content = storage.client(NamespaceContentService, admin, "identity");
  for (const state of [State.CLEARED, State.OPEN])
    await content.setNamespaceState({ orgId: admin.orgId, namespace: "team", state });
  await identity.database
    .sql`delete from identity.namespaces where org_id = ${admin.orgId} and name = 'team'`;
  slow.end();
  expect(await failureOf(slow.answer)).toEqual(missing("namespace", "team"));
  const files = await identity.database.sql`select from storage.files where org_id = ${admin.orgId}`;
  expect(files).toHaveLength(0);
});

test("OK: unfinished uploads are counted, and go with the namespace, with their quota and its policy", async () => {
  const admin = await newOrgWith(scene().identity, "team");
  const { storage } = scene();
  const content = storage.client(NamespaceContentService, admin, "identity");
  const set = async (state: State) =>
    (await content.setNamespaceState({ orgId: admin.orgId, namespace: "team", state })).counts;
  await storage.client(UploadPolicyService, admin).setUploadPolicy({ namespace: "team", policy: {} });
  const { uploadId } = await createUpload(storage, admin, { namespace: "team", lengthBytes: 10 });
  await append(storage, admin, { uploadId, content: "abc" });
  expect(await set(State.CLOSED)).toEqual({ unfinished_uploads: 1n });
  expect(await failureOf(createUpload(storage, admin, { namespace: "team" }))).toEqual(
    missing("namespace", "team"),
  );
  expect(await set(State.CLEARED)).toEqual({});
  expect(await usageOf(storage, admin)).toEqual(usage(0, 0));
  for (const table of ["resumable_uploads", "resumable_parts", "upload_policies"]) {
    const { sql } = scene().identity.database;
    expect(await sql`select from ${sql(`storage.${table}`)} where org_id = ${admin.orgId}`).toEqual([]);
  }
});

test("PermissionDenied: the edge; InvalidArgument: no state", async () => {
  const admin = await newOrgWith(scene().identity);
  const request = { orgId: admin.orgId, namespace: "default", state: State.CLOSED };
  const { client } = scene().storage;
  expect(await failureOf(client(NamespaceContentService, admin).setNamespaceState(request))).toMatchObject({
    code: "PermissionDenied",
  });
  const call = client(NamespaceContentService, admin, "identity").setNamespaceState({ ...request, state: 0 });
  expect(await failureOf(call)).toMatchObject({ fields: ["state"] });
});
