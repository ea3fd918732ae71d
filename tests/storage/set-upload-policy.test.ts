import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { UploadPolicyService } from "../../gen/sluice/storage/v1/upload_policies_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { failureOf, lacking, upload } from "./fixtures.ts";
import { newOrgWith, only, startStorageWithIdentity } from "./namespaces.ts";

const scene = forFile(startStorageWithIdentity);

const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");

async function begin(policy: object, namespace = "") {
  const admin = await newOrgWith(scene().identity, "team");
  const client = scene().storage.client(UploadPolicyService, admin);
  await client.setUploadPolicy({ namespace, policy });
  return { admin, client };
}

test.each<[string, string, string | Buffer]>([
  ["data.csv", "", "a,b\n1,2\n"],
  ["data.csv", "text/csv; charset=utf-8", "a,b\n"],
  ["photo.png", "", png],
  ["empty.csv", "", ""],
  ["data.parquet", "application/vnd.apache.parquet", "PAR1...............PAR1"],
])("OK: %s as %j is what the policy allows", async (name, contentType, content) => {
  const { admin } = await begin({
    allowedTypes: ["text/csv", "image/*", "application/vnd.apache.parquet"],
  });
  expect(await upload(scene().storage, admin, { name, contentType, content })).toMatchObject({ name });
});

test.each<[string, string, string | Buffer, object]>([
  ["page.html", "", "<html>", { type: "text/html" }],
  ["photo.png", "", "<html>", { type: "image/png", detected_type: "text/html" }],
  ["photo.png", "", "only text", { type: "image/png", detected_type: "text/plain" }],
  ["data.csv", "", Buffer.from("%PDF-1.7\n"), { type: "text/csv", detected_type: "application/pdf" }],
  ["photo.png", "", "", { type: "image/png", detected_type: "application/octet-stream" }],
])("InvalidArgument: %s as %j with %j is refused", async (name, contentType, content, metadata) => {
  const { admin } = await begin({ allowedTypes: ["text/csv", "image/*"] });
  expect(await failureOf(upload(scene().storage, admin, { name, contentType, content }))).toEqual({
    code: "InvalidArgument",
    reason: "UPLOAD_REFUSED",
    metadata,
  });
});

test("InvalidArgument: what is stored elsewhere comes in by no copy, move or other media type", async () => {
  const { admin } = await begin({ allowedTypes: ["text/csv"], fileBytesMax: 10n }, "team");
  const { storage } = scene();
  const files = storage.client(FileService, admin);
  const page = await upload(storage, admin, { name: "page.html", content: "<html>" });
  const posed = await upload(storage, admin, {
    name: "posed.csv",
    contentType: "text/csv",
    content: "%PDF-1.7\n",
  });
  const large = await upload(storage, admin, { name: "large.csv", content: "a,b\n1,2\n3,4\n" });
  for (const [{ fileId }, reason] of [
    [page, "UPLOAD_REFUSED"],
    [posed, "UPLOAD_REFUSED"],
    [large, "CONTENT_TOO_LARGE"],
  ] as const) {
    const refused = { code: "InvalidArgument", reason };
    expect(await failureOf(files.copyFile({ fileId, namespace: "team" }))).toMatchObject(refused);
    expect(await failureOf(files.moveFile({ fileId, namespace: "team" }))).toMatchObject(refused);
  }
  expect((await files.listFiles({ namespace: "team" })).files).toEqual([]);
  const small = await upload(storage, admin, { name: "small.csv", content: "a\n1\n", namespace: "team" });
  const retyped = files.updateFile({ file: { fileId: small.fileId, contentType: "text/html" } });
  expect(await failureOf(retyped)).toMatchObject({ code: "InvalidArgument", reason: "UPLOAD_REFUSED" });
  await files.updateFile({ file: { fileId: small.fileId, name: "renamed.csv" } });
  const { file: copy } = await files.copyFile({ fileId: small.fileId, namespace: "team" });
  expect(copy).toMatchObject({ detectedContentType: small.detectedContentType, namespace: "team" });
});

test("InvalidArgument: a file that is too large, announced or not, in this namespace alone", async () => {
  const { admin } = await begin({ fileBytesMax: 3n }, "team");
  const tooLarge = { code: "InvalidArgument", reason: "CONTENT_TOO_LARGE", metadata: { limit_bytes: "3" } };
  const { storage } = scene();
  const four = { content: "four", namespace: "team" };
  expect(await failureOf(upload(storage, admin, { ...four, sizeBytes: 4n }))).toEqual(tooLarge);
  expect(await failureOf(upload(storage, admin, four))).toEqual(tooLarge);
  await upload(storage, admin, { content: "abc", namespace: "team" });
  await upload(storage, admin, { content: "four" });
});

test("Aborted: a policy that was changed since; OK: one that was not", async () => {
  const { client } = await begin({ fileBytesMax: 3n });
  const set = (etag: string) => client.setUploadPolicy({ policy: { fileBytesMax: 4n, etag } });
  expect(await failureOf(set("0"))).toMatchObject({ code: "Aborted", reason: "ETAG_MISMATCH" });
  expect((await set("1")).policy).toMatchObject({ fileBytesMax: 4n, etag: "2" });
  expect(await failureOf(set("1"))).toMatchObject({ code: "Aborted" });
});

test("PermissionDenied: the organisation's policy by the administrator of one namespace, who may set its own", async () => {
  const { admin } = await begin({});
  const client = scene().storage.client(UploadPolicyService, only(admin, "team", "admin"));
  const policy = { fileBytesMax: 3n };
  expect(await failureOf(client.setUploadPolicy({ policy }))).toEqual(lacking("storage.policies.write"));
  expect((await client.setUploadPolicy({ namespace: "team", policy })).policy).toMatchObject(policy);
  expect(await failureOf(client.setUploadPolicy({ namespace: "default", policy }))).toMatchObject({
    code: "NotFound",
  });
});

test("InvalidArgument: a type that is none, no policy", async () => {
  const { client } = await begin({});
  for (const type of ["text", "text/", "*/csv", "text/csv; charset=utf-8"]) {
    const call = client.setUploadPolicy({ policy: { allowedTypes: [type] } });
    expect(await failureOf(call)).toMatchObject({ fields: ["policy.allowed_types[0]"] });
  }
  expect(await failureOf(client.setUploadPolicy({}))).toMatchObject({ fields: ["policy"] });
});
