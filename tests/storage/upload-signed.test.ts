import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { NamespaceContentState as State } from "../../gen/sluice/common/v1/namespaces_pb.ts";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { NamespaceContentService } from "../../gen/sluice/storage/v1/namespaces_pb.ts";
import { SignedUrlService } from "../../gen/sluice/storage/v1/signed_urls_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { newEditor } from "../identity/fixtures.ts";
import { failureOf } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { generated, mib, setQuota, sha256, usage, usageOf } from "./fixtures.ts";
import { newOrgWith, startStorageWithIdentity } from "./namespaces.ts";
import { createUploadUrl, uploadSigned } from "./upload-urls.ts";

const scene = forFile(startStorageWithIdentity);
const storage = () => scene().storage;
const create = (who: Principal, request?: Parameters<typeof createUploadUrl>[2]) =>
  createUploadUrl(storage(), who, request);

const notFound = { code: "NotFound", reason: "RESOURCE_NOT_FOUND", metadata: {} };

test("OK: a file with the name and the type that were signed, of the user who signed", async () => {
  const admin = await newOrgWith(scene().identity, "team");
  const { token } = await create(admin, { name: "größe.csv", contentType: "text/x-own", namespace: "team" });
  const file = await uploadSigned(storage(), { token, sizeBytes: 12n, sha256: sha256("some content") });
  expect(file).toMatchObject({
    name: "größe.csv",
    contentType: "text/x-own",
    namespace: "team",
    sizeBytes: 12n,
    sha256: sha256("some content"),
    creatorUserId: admin.userId,
  });
  expect((await storage().client(FileService, admin).getFile({ fileId: file.fileId })).file).toEqual(file);
  expect(await usageOf(storage(), admin)).toEqual(usage(12, 1));
});

test("OK: large content, which is no larger than the URL allows", async () => {
  const admin = await newOrgWith(scene().identity);
  const content = generated(3 * mib);
  const { token } = await create(admin, { sizeBytesMax: BigInt(content.length) });
  expect((await uploadSigned(storage(), { token }, content)).sha256).toBe(sha256(content));
});

test("NotFound: a URL that was used once; a failed upload is no use", async () => {
  const admin = await newOrgWith(scene().identity);
  const { token } = await create(admin, { sizeBytesMax: 100n });
  const failed = [
    uploadSigned(storage(), { token, sha256: sha256("other") }),
    uploadSigned(storage(), { token, sizeBytes: 3n }),
    uploadSigned(storage(), { token }, generated(101)),
  ];
  for (const one of await Promise.allSettled(failed)) expect(one.status).toBe("rejected");
  await uploadSigned(storage(), { token });
  expect(await failureOf(uploadSigned(storage(), { token }))).toEqual(notFound);
  expect(await usageOf(storage(), admin)).toEqual(usage(12, 1));
});

test("OK: as many files as the URL has uses, whoever comes first", async () => {
  const admin = await newOrgWith(scene().identity);
  const { token } = await create(admin, { usesMax: 3 });
  const uploads = Array.from({ length: 8 }, () => uploadSigned(storage(), { token }));
  const outcomes = await Promise.allSettled(uploads);
  expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBe(3);
  expect(await usageOf(storage(), admin)).toEqual(usage(36, 3));
});

test("InvalidArgument: content that is larger than the URL allows, announced or not", async () => {
  const admin = await newOrgWith(scene().identity);
  const { token } = await create(admin, { sizeBytesMax: 100n });
  const tooLarge = {
    code: "InvalidArgument",
    reason: "CONTENT_TOO_LARGE",
    metadata: { limit_bytes: "100" },
  };
  expect(await failureOf(uploadSigned(storage(), { token }, generated(101)))).toEqual(tooLarge);
  expect(await failureOf(uploadSigned(storage(), { token, sizeBytes: 101n }, generated(101)))).toEqual(
    tooLarge,
  );
  expect(await usageOf(storage(), admin)).toMatchObject({ usedBytes: 0n, reservedBytes: 0n });
});

test("InvalidArgument: content that is not what was announced", async () => {
  const admin = await newOrgWith(scene().identity);
  const { token } = await create(admin);
  for (const header of [{ sizeBytes: 11n }, { sizeBytes: 13n }, { sha256: sha256("other") }]) {
    expect(await failureOf(uploadSigned(storage(), { token, ...header }))).toMatchObject({
      code: "InvalidArgument",
      reason: "CONTENT_MISMATCH",
    });
  }
});

test("ResourceExhausted: the quota of the organisation that signed, without its figures", async () => {
  const admin = await newOrgWith(scene().identity);
  await setQuota(storage(), admin, 11);
  const { token } = await create(admin);
  expect(await failureOf(uploadSigned(storage(), { token }))).toEqual({
    code: "ResourceExhausted",
    reason: "QUOTA_EXCEEDED",
    metadata: {},
  });
  await setQuota(storage(), admin, 12);
  await uploadSigned(storage(), { token });
});

test("NotFound: a user who may not upload any more, and one who is gone", async () => {
  const admin = await newOrgWith(scene().identity);
  const editor = await newEditor(scene().identity, admin);
  const { token } = await create(editor, { usesMax: 10 });
  await uploadSigned(storage(), { token });
  const users = scene().identity.client(UserService, admin);
  await users.updateUser({ user: { userId: editor.userId, roles: ["viewer"] } });
  expect(await failureOf(uploadSigned(storage(), { token }))).toEqual(notFound);
  await users.updateUser({ user: { userId: editor.userId, roles: ["editor"] } });
  await uploadSigned(storage(), { token });
  await users.deleteUser({ userId: editor.userId });
  expect(await failureOf(uploadSigned(storage(), { token }))).toEqual(notFound);
});

test("NotFound: an API key that is revoked", async () => {
  const admin = await newOrgWith(scene().identity);
  const keys = scene().identity.client(ApiKeyService, admin);
  const { apiKey } = await keys.createApiKey({ apiKey: { displayName: "signs" } });
  const apiKeyId = apiKey?.apiKeyId ?? "";
  const { token } = await create({ ...admin, apiKeyId }, { usesMax: 10 });
  await uploadSigned(storage(), { token });
  await keys.revokeApiKey({ apiKeyId });
  expect(await failureOf(uploadSigned(storage(), { token }))).toEqual(notFound);
});

test("NotFound: a URL that is revoked, expired, or to read, and a token that is none", async () => {
  const admin = await newOrgWith(scene().identity);
  const { token, urlId } = await create(admin);
  await storage().client(SignedUrlService, admin).revokeSignedUrl({ urlId });
  const expired = await create(admin);
  await scene().identity.database.sql`
    update storage.signed_urls set expire_time = now() - interval '1 second' where url_id = ${expired.urlId}`;
  const file = await uploadSigned(storage(), { token: (await create(admin)).token });
  const read = await storage().client(FileService, admin).createSignedUrl({ fileId: file.fileId });
  const tokens = [token, expired.token, read.url.split("/").at(-1) ?? "", "x", "a".repeat(108)];
  for (const one of tokens)
    expect(await failureOf(uploadSigned(storage(), { token: one }))).toEqual(notFound);
});

test("NotFound: a namespace that was deleted, also if another one has its name", async () => {
  const admin = await newOrgWith(scene().identity, "team");
  const { token } = await create(admin, { namespace: "team" });
  const content = storage().client(NamespaceContentService, admin, "identity");
  const set = (state: State) => content.setNamespaceState({ orgId: admin.orgId, namespace: "team", state });
  await set(State.CLOSED);
  expect(await failureOf(uploadSigned(storage(), { token }))).toMatchObject({ code: "NotFound" });
  await set(State.CLEARED);
  await set(State.OPEN);
  expect(await failureOf(uploadSigned(storage(), { token }))).toEqual(notFound);
});

test("InvalidArgument: a header that is none", async () => {
  expect(await failureOf(uploadSigned(storage(), { token: "a".repeat(513) }))).toEqual({
    code: "InvalidArgument",
    fields: ["header.token"],
  });
  expect(await failureOf(uploadSigned(storage(), { token: randomUUID(), sha256: "x" }))).toEqual({
    code: "InvalidArgument",
    fields: ["header.sha256"],
  });
});
