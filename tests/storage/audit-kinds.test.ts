import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { NamespaceContentState as State } from "../../gen/sluice/common/v1/namespaces_pb.ts";
import type { AuditEvent } from "../../gen/sluice/identity/v1/audit_pb.ts";
import { AuditService } from "../../gen/sluice/storage/v1/audit_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { LifecycleAction, LifecycleService } from "../../gen/sluice/storage/v1/lifecycle_pb.ts";
import { ModelStage } from "../../gen/sluice/storage/v1/models_pb.ts";
import { NamespaceContentService } from "../../gen/sluice/storage/v1/namespaces_pb.ts";
import { QuotaService } from "../../gen/sluice/storage/v1/quota_pb.ts";
import { SignedUrlService } from "../../gen/sluice/storage/v1/signed_urls_pb.ts";
import { TrashPolicyService } from "../../gen/sluice/storage/v1/trash_policies_pb.ts";
import { UploadPolicyService } from "../../gen/sluice/storage/v1/upload_policies_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { failureOf } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { principal, type RunningService } from "../lib/test-mesh.ts";
import { blobPath, startStorage, upload } from "./fixtures.ts";
import { modelsOf, register } from "./model-fixtures.ts";
import { newOrgWith, startStorageWithIdentity } from "./namespaces.ts";
import { eager, scrub } from "./scrub-fixtures.ts";
import { createCollection, vectorsOf } from "./vector-fixtures.ts";

const scene = forFile(startStorageWithIdentity);
const scrubbed = forFile(() => startStorage(eager));

/** What the events say, oldest first: kind, namespace, resource, details and whether the caller is the actor. */
async function eventsOf(storage: RunningService, who: Principal) {
  const { events } = await storage.client(AuditService, who, "identity").listOrgEvents({ limit: 1000 });
  return events.reverse().map(({ kind, namespace, resource, detailsJson, actorUserId }: AuditEvent) => ({
    kind,
    namespace,
    resource,
    details: JSON.parse(detailsJson),
    byCaller: actorUserId === who.userId,
  }));
}

const by = (kind: string, namespace: string, resource: string, details: unknown = {}) => ({
  kind,
  namespace,
  resource,
  details,
  byCaller: true,
});

test("OK: files, purged one by one and together, and holds", async () => {
  const { identity, storage } = scene();
  const admin = await newOrgWith(identity, "team");
  const files = storage.client(FileService, admin);
  const lifecycle = storage.client(LifecycleService, admin);
  const trashed = async (content: string, namespace = "default") => {
    const { fileId } = await upload(storage, admin, { content, namespace });
    await files.deleteFile({ fileId });
    return fileId;
  };
  const one = await trashed("one");
  await files.purgeFile({ fileId: one });
  const [two, three] = [await trashed("two", "team"), await trashed("three", "team")];
  await files.purgeFiles({ namespace: "team" });
  const { fileId: held } = await upload(storage, admin, { content: "held", namespace: "team" });
  await lifecycle.setFileHold({ fileId: held, held: true, reason: "Ada Lovelace asked for it" });
  await failureOf(files.deleteFile({ fileId: held }));
  for (let call = 0; call < 2; call += 1) await lifecycle.setFileHold({ fileId: held, held: false });
  await storage
    .client(NamespaceContentService, undefined, "identity")
    .setNamespaceState({ orgId: admin.orgId, namespace: "team", state: State.CLEARED });
  const events = await eventsOf(storage, admin);
  expect(events).toEqual([
    by("file.purged", "default", `files/${one}`),
    by("files.purged", "team", "", { fileIds: expect.toSatisfy(sameAs(two, three)) }),
    by("file_hold.set", "team", `files/${held}`),
    by("file_hold.released", "team", `files/${held}`),
    { ...by("file.purged", "team", `files/${held}`), byCaller: false },
  ]);
  expect(JSON.stringify(events)).not.toContain("Lovelace");
});

const sameAs =
  (...ids: string[]) =>
  (given: string[]) =>
    given.toSorted().join() === ids.toSorted().join();

test("OK: quotas, policies, rules and a deletion that knows no trash", async () => {
  const { identity, storage } = scene();
  const admin = await newOrgWith(identity, "team");
  await storage
    .client(QuotaService, admin)
    .setQuota({ namespace: "team", quota: { limitFiles: 5n, warnBytes: 10n } });
  await storage
    .client(UploadPolicyService, admin)
    .setUploadPolicy({ policy: { allowedTypes: ["text/*"], fileBytesMax: 1000n } });
  await storage
    .client(TrashPolicyService, admin)
    .setTrashPolicy({ namespace: "team", trashPolicy: { undeleteWindow: durationFromMs(0) } });
  const rule = { name: "old", action: LifecycleAction.EXPIRE, minAge: durationFromMs(86_400_000) };
  const lifecycle = storage.client(LifecycleService, admin);
  const { etag } = await lifecycle.setLifecycleRules({ namespace: "team", rules: [rule] });
  await failureOf(lifecycle.setLifecycleRules({ namespace: "team", rules: [], etag: `${etag}0` }));
  const { fileId } = await upload(storage, admin, { namespace: "team", contentType: "text/plain" });
  await storage.client(FileService, admin).deleteFile({ fileId });
  const limits = { limitBytes: null, limitFiles: 5, warnBytes: 10, warnFiles: null };
  expect(await eventsOf(storage, admin)).toEqual([
    by("quota.set", "team", "", limits),
    by("upload_policy.set", "", "", { allowedTypes: ["text/*"], fileBytesMax: 1000 }),
    by("trash_policy.set", "team", "", { undeleteWindowMs: 0 }),
    by("lifecycle_rules.set", "team", "", {
      ruleCount: 1,
      revision: 1,
      rulesSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    }),
    by("file.purged", "team", `files/${fileId}`),
  ]);
});

test("OK: signed URLs that are revoked, once each", async () => {
  const { identity, storage } = scene();
  const admin = await newOrgWith(identity);
  const { fileId } = await upload(storage, admin);
  const { urlId } = await storage.client(FileService, admin).createSignedUrl({ fileId });
  const urls = storage.client(SignedUrlService, admin);
  for (let call = 0; call < 2; call += 1) await urls.revokeSignedUrl({ urlId });
  await urls.revokeFileUrls({ fileId });
  expect(await eventsOf(storage, admin)).toEqual([
    by("signed_url.revoked", "default", `signed_urls/${urlId}`),
    by("file_urls.revoked", "default", `files/${fileId}`),
  ]);
});

test("OK: collections of vectors", async () => {
  const { identity, storage } = scene();
  const admin = await newOrgWith(identity);
  const vectors = vectorsOf(storage, admin);
  const collectionId = await createCollection(storage, admin, { name: "articles", dimension: 2 });
  const { fileId } = await vectors.snapshotCollection({ collectionId });
  const { collection } = await vectors.restoreCollection({
    fileId,
    collection: { name: "again", dimension: 2 },
  });
  await vectors.deleteCollection({ collectionId });
  expect(await eventsOf(storage, admin)).toEqual([
    by("collection.created", "default", `collections/${collectionId}`),
    by("collection.created", "default", `collections/${collection?.collectionId}`, { fileId }),
    by("collection.deleted", "default", `collections/${collectionId}`),
  ]);
});

test("OK: models, from a registration to the deletion of the model", async () => {
  const { identity, storage } = scene();
  const admin = await newOrgWith(identity);
  const models = modelsOf(storage, admin);
  const { modelId } = await register(storage, admin);
  await register(storage, admin, { content: "others" });
  await models.setModelAlias({ model: modelId, alias: "champion", version: 2, comment: "as Ada asked" });
  await models.setModelAlias({ model: modelId, alias: "champion", version: 2 });
  const stage = ModelStage.STAGING;
  await models.setModelVersionStage({ model: modelId, version: 1, stage, comment: "as Ada asked" });
  await models.updateModelVersion({
    modelVersion: { modelId, version: 1, description: "Ada's" },
    updateMask: { paths: ["description"] },
  });
  await models.updateModel({
    model: { modelId, description: "Ada's" },
    updateMask: { paths: ["description"] },
  });
  await models.deleteModelAlias({ model: modelId, alias: "champion" });
  await models.deleteModelVersion({ model: modelId, version: 2 });
  await failureOf(models.deleteModelVersion({ model: modelId, version: 2 }));
  await models.deleteModel({ model: modelId });
  const about = (kind: string, details?: unknown) => by(kind, "default", `models/${modelId}`, details);
  const events = await eventsOf(storage, admin);
  expect(events).toEqual([
    about("model_version.registered", { version: 1 }),
    about("model_version.registered", { version: 2 }),
    about("model_alias.set", { alias: "champion", previousVersion: 0, version: 2 }),
    about("model_stage.set", { version: 1, stage: "staging", previousStage: "development" }),
    about("model_version.updated", { version: 1, fields: ["description"] }),
    about("model.updated", { fields: ["description"] }),
    about("model_alias.deleted", { alias: "champion", version: 2 }),
    about("model_version.deleted", { version: 2 }),
    about("model.deleted"),
  ]);
  expect(JSON.stringify(events)).not.toContain("Ada");
});

test("OK: a scrub that was started, in its caller's organisation, and damage in that of the content", async () => {
  const who = principal();
  const { fileId, sha256 } = await upload(scrubbed(), who, { content: randomUUID() });
  await rm(join(scrubbed().directory, blobPath(who, sha256)));
  const { scrub: report } = await scrub(scrubbed());
  const resource = `scrubs/${report.scrubId}`;
  const details = { kind: "missing", sha256, fileIds: [fileId], fileCount: 1, repaired: false };
  expect(await eventsOf(scrubbed(), who)).toEqual([
    { ...by("damage.found", "", resource, details), byCaller: false },
  ]);
});
