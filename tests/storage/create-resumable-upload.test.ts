import { expect, test } from "vitest";
import {
  ResumableUploadKind as Kind,
  ResumableUploadService,
} from "../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import { UploadPolicyService } from "../../gen/sluice/storage/v1/upload_policies_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, setQuota, startStorage, usage, usageOf } from "./fixtures.ts";
import { only } from "./namespaces.ts";
import { createUpload, PARTIAL } from "./resumable-fixtures.ts";

const storage = forFile(() => startStorage({ resumableUploadsMax: 3 }));

test("OK: an upload with what the client says of its file, and its length is reserved", async () => {
  const who = principal();
  const upload = await createUpload(storage(), who, {
    name: "größe 🙂.csv",
    contentType: "text/csv",
    lengthBytes: 10,
    metadata: "filename YQ==",
  });
  expect(upload).toMatchObject({
    name: "größe 🙂.csv",
    contentType: "text/csv",
    lengthBytes: 10n,
    namespace: "default",
    kind: Kind.WHOLE,
    metadata: "filename YQ==",
    offsetBytes: 0n,
    isFinished: false,
  });
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0, 10));
});

test("OK: without a name it has that of its id; of length 0 it is finished", async () => {
  const upload = await createUpload(storage(), principal(), { lengthBytes: 0 });
  expect(upload).toMatchObject({ name: upload.uploadId, isFinished: true });
});

test("InvalidArgument: a concatenated one, a name with a folder", async () => {
  const who = principal();
  const fieldsOf = async (upload: object) => failureOf(createUpload(storage(), who, upload));
  expect(await fieldsOf({ kind: Kind.CONCATENATED })).toMatchObject({ fields: ["upload.kind"] });
  expect(await fieldsOf({ name: "a/b" })).toMatchObject({ fields: ["upload.name"] });
  const empty = storage().client(ResumableUploadService, who).createResumableUpload({});
  expect(await failureOf(empty)).toMatchObject({ fields: ["upload"] });
});

test("InvalidArgument: a file that the policy refuses, by its size or its type", async () => {
  const who = principal();
  const policy = { allowedTypes: ["text/*"], fileBytesMax: 100n };
  await storage().client(UploadPolicyService, who).setUploadPolicy({ policy });
  const failing = (upload: object) => failureOf(createUpload(storage(), who, upload));
  const large = { code: "InvalidArgument", reason: "CONTENT_TOO_LARGE", metadata: { limit_bytes: "100" } };
  expect(await failing({ name: "a.csv", lengthBytes: 101 })).toEqual(large);
  expect(await failing({ lengthBytes: 101, kind: PARTIAL })).toEqual(large);
  expect(await failing({ name: "a.png", lengthBytes: 1 })).toEqual({
    code: "InvalidArgument",
    reason: "UPLOAD_REFUSED",
    metadata: { type: "image/png" },
  });
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0));
});

test("ResourceExhausted: beyond the quota, and beyond the number of unfinished uploads", async () => {
  const who = principal();
  await setQuota(storage(), who, 10);
  expect(await failureOf(createUpload(storage(), who, { lengthBytes: 11 }))).toMatchObject({
    code: "ResourceExhausted",
    reason: "QUOTA_EXCEEDED",
  });
  // At the same time: not one more than there may be.
  const colleague = { ...principal(), orgId: who.orgId };
  const outcomes = await Promise.allSettled(
    [who, colleague, who, colleague, who].map((each) => createUpload(storage(), each, { lengthBytes: 1 })),
  );
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
  expect(await failureOf(createUpload(storage(), who, { lengthBytes: 1 }))).toEqual({
    code: "ResourceExhausted",
    reason: "UPLOADS_TOO_MANY",
    metadata: { limit: "3" },
  });
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0, 3));
});

test("NotFound: a namespace in which the caller may not write", async () => {
  const who = only(principal(), "team", "editor");
  expect(await failureOf(createUpload(storage(), who, { namespace: "default" }))).toMatchObject({
    code: "NotFound",
    metadata: { namespace: "default" },
  });
});
