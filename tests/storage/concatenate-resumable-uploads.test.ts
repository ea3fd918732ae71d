import { expect, test } from "vitest";
import {
  ResumableUploadKind as Kind,
  ResumableUploadService,
} from "../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { download, failureOf, setQuota, sha256, startStorage, usage, usageOf } from "./fixtures.ts";
import { append, createUpload, PARTIAL, uploadGone, uploadMissing } from "./resumable-fixtures.ts";

const storage = forFile(startStorage);

async function parts(who: ReturnType<typeof principal>, ...contents: string[]) {
  const ids: string[] = [];
  for (const content of contents) {
    const { uploadId } = await createUpload(storage(), who, { kind: PARTIAL, lengthBytes: content.length });
    await append(storage(), who, { uploadId, content });
    ids.push(uploadId);
  }
  return ids;
}

const concatenate = (who: ReturnType<typeof principal>, uploadIds: string[], upload: object = {}) =>
  storage().client(ResumableUploadService, who).concatenateResumableUploads({ uploadIds, upload });

test("OK: the parts in the order of the request; their quota becomes the file's, which need not fit twice", async () => {
  const who = principal();
  await setQuota(storage(), who, 6);
  const [one = "", two = ""] = await parts(who, "abc", "def");
  const { upload, file } = await concatenate(who, [two, one], { name: "both", sha256: sha256("defabc") });
  expect(upload).toMatchObject({ kind: Kind.CONCATENATED, isFinished: true, lengthBytes: 6n });
  expect(file).toMatchObject({ fileId: upload?.uploadId, name: "both", sha256: sha256("defabc") });
  expect((await download(storage(), who, { fileId: file?.fileId ?? "" })).bytes.toString()).toBe("defabc");
  expect(await usageOf(storage(), who)).toEqual(usage(6, 1));
});

test("OK: a client without a response repeats the call, if the quota has room", async () => {
  const who = principal();
  const ids = await parts(who, "abc", "def");
  await concatenate(who, ids);
  const { file } = await concatenate(who, ids);
  expect(file).toMatchObject({ sizeBytes: 6n });
  await setQuota(storage(), who, 12);
  expect(await failureOf(concatenate(who, ids))).toMatchObject({ reason: "QUOTA_EXCEEDED" });
  expect(await usageOf(storage(), who)).toEqual(usage(12, 2));
});

test("InvalidArgument: more than 10,000 parts, those of an upload that is named again counted again", async () => {
  const who = principal();
  const [part = ""] = await parts(who, "a");
  await storage().database.sql`
    insert into storage.resumable_parts (upload_id, start_bytes, size_bytes, org_id, sha256)
    select upload_id, n, 1, org_id, sha256
    from storage.resumable_parts, generate_series(1, 10) as n where upload_id = ${part}`;
  const refused = { code: "InvalidArgument", fields: ["upload_ids"] };
  expect(await failureOf(concatenate(who, Array(910).fill(part)))).toEqual(refused);
  expect(await usageOf(storage(), who)).toMatchObject({ fileCount: 0n });
});

test("NotFound: no upload, a whole one, another user's, an expired one", async () => {
  const who = principal();
  const [part = ""] = await parts(who, "abc");
  const whole = await createUpload(storage(), who, { lengthBytes: 0 });
  const absent = "0193b3a0-0000-7000-8000-000000000000";
  for (const id of [absent, whole.uploadId]) {
    expect(await failureOf(concatenate(who, [part, id]))).toEqual(uploadMissing(id));
  }
  expect(await failureOf(concatenate(principal(), [part]))).toEqual(uploadMissing(part));
  await storage().database.sql`update storage.resumable_uploads set state = 'gone' where upload_id = ${part}`;
  expect(await failureOf(concatenate(who, [part]))).toEqual(uploadGone(part));
});

test("FailedPrecondition: a part that is not complete; InvalidArgument: none, another hash", async () => {
  const who = principal();
  const [part = ""] = await parts(who, "abc");
  const { uploadId } = await createUpload(storage(), who, { kind: PARTIAL, lengthBytes: 3 });
  expect(await failureOf(concatenate(who, [part, uploadId]))).toEqual({
    code: "FailedPrecondition",
    reason: "STATE_CONFLICT",
    metadata: { upload: uploadId, state: "open" },
  });
  expect(await failureOf(concatenate(who, []))).toMatchObject({ fields: ["upload_ids"] });
  expect(await failureOf(concatenate(who, [part], { sha256: sha256("other") }))).toMatchObject({
    reason: "CONTENT_MISMATCH",
  });
});
