import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { ResumableUploadService } from "../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import { UploadPolicyService } from "../../gen/sluice/storage/v1/upload_policies_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  download,
  failureOf,
  fileMissing,
  generated,
  kib,
  mib,
  setQuota,
  sha256,
  startStorage,
  startStorageIn,
  usage,
  usageOf,
} from "./fixtures.ts";
import {
  append,
  createUpload,
  offsetOf,
  openAppend,
  PARTIAL,
  uploadGone,
  uploadMissing,
} from "./resumable-fixtures.ts";

/** Small parts, so that an upload has many. */
const storage = forFile(() => startStorage({ partBytes: 256 * kib, partMs: 30, reservationStepBytes: mib }));

async function begin(lengthBytes?: number, more: object = {}) {
  const who = principal();
  const { uploadId } = await createUpload(storage(), who, {
    ...(lengthBytes !== undefined && { lengthBytes }),
    ...more,
  });
  const at = (offset: number, content: string | Uint8Array, header: object = {}) =>
    append(storage(), who, { uploadId, offsetBytes: BigInt(offset), content, ...header });
  return { who, uploadId, at, offset: () => offsetOf(storage(), who, uploadId) };
}

test("OK: bytes of several calls, in many parts, become one file", async () => {
  const content = generated(2 * mib + 5);
  const { who, uploadId, at } = await begin(content.length, { name: "a.bin", sha256: sha256(content) });
  const first = await at(0, content.subarray(0, mib + 1));
  expect(first).toMatchObject({ upload: { offsetBytes: BigInt(mib + 1), isFinished: false } });
  expect(first.file).toBeUndefined();
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0, content.length));
  expect(await at(mib + 1, content.subarray(mib + 1))).toMatchObject({
    upload: { isFinished: true },
    file: {
      fileId: uploadId,
      name: "a.bin",
      sha256: sha256(content),
      detectedContentType: "application/octet-stream",
    },
  });
  const { bytes } = await download(storage(), who, { fileId: uploadId });
  expect(bytes.equals(content)).toBe(true);
  expect(await usageOf(storage(), who)).toEqual(usage(content.length, 1));
  // What repeats the end of a finished upload gets the same response.
  expect(await at(content.length, "")).toMatchObject({ file: { fileId: uploadId } });
});

test("OK: a partial upload becomes no file", async () => {
  const { who, uploadId, at } = await begin(3, { kind: PARTIAL });
  const { upload, file } = await at(0, "abc");
  expect([upload?.isFinished, file]).toEqual([true, undefined]);
  expect(await failureOf(download(storage(), who, { fileId: uploadId }))).toEqual(fileMissing(uploadId));
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0, 3));
});

test("OK: what a client sent before it was killed stays, and what it sends slowly becomes durable on the way", async () => {
  const { who, uploadId, offset } = await begin(10);
  const slow = openAppend(storage(), who, { uploadId });
  slow.send("abc");
  await expect.poll(offset).toBe(3);
  slow.send("de");
  await expect.poll(offset).toBe(5);
  slow.abandon();
  await slow.answer.catch(() => {});
  expect(await offset()).toBe(5);
});

test("OK: a later call ends an earlier one, also in another process, which adds nothing more", async () => {
  const { who, uploadId, offset } = await begin(6);
  await using other = await startStorageIn(storage().database, storage().directory);
  const early = openAppend(storage(), who, { uploadId });
  early.send("abc");
  await expect.poll(offset).toBe(3);
  const { upload } = await append(other, who, { uploadId, offsetBytes: 3n, content: "de" });
  expect(upload?.offsetBytes).toBe(5n);
  early.send("x");
  early.end();
  expect(await failureOf(early.answer)).toMatchObject({ code: "Aborted", reason: "UPLOAD_OFFSET_MISMATCH" });
  await append(other, who, { uploadId, offsetBytes: 5n, content: "f" });
  const { bytes } = await download(storage(), who, { fileId: uploadId });
  expect(bytes.toString()).toBe("abcdef");
});

test("DeadlineExceeded: nothing arrives for too long, and what came before stays", async () => {
  const { who, uploadId, offset } = await begin(10);
  await using impatient = await startStorageIn(storage().database, storage().directory, {
    uploadIdleMs: 300,
  });
  const idle = openAppend(impatient, who, { uploadId });
  idle.send("abc");
  expect(await failureOf(idle.answer)).toEqual({ code: "DeadlineExceeded" });
  expect(await offset()).toBe(3);
});

test("NotFound: another user's upload, and none", async () => {
  const { who, uploadId } = await begin(3);
  const colleague = { ...principal(), orgId: who.orgId };
  for (const stranger of [principal(), colleague]) {
    const call = append(storage(), stranger, { uploadId, offsetBytes: 0n, content: "abc" });
    expect(await failureOf(call)).toEqual(uploadMissing(uploadId));
  }
});

test("Aborted: another offset than the upload's", async () => {
  const { uploadId, at } = await begin(10);
  await at(0, "abc");
  expect(await failureOf(at(2, "c"))).toEqual({
    code: "Aborted",
    reason: "UPLOAD_OFFSET_MISMATCH",
    metadata: { upload: uploadId, offset_bytes: "3" },
  });
});

test("InvalidArgument: more than the length, announced or not; a length that is changed", async () => {
  const { at, offset } = await begin(5);
  const tooLarge = { code: "InvalidArgument", reason: "CONTENT_TOO_LARGE", metadata: { limit_bytes: "5" } };
  expect(await failureOf(at(0, "abcdef", { sizeBytes: 6n }))).toEqual(tooLarge);
  expect(await failureOf(at(0, "abcdef"))).toEqual(tooLarge);
  expect(await failureOf(at(0, "", { lengthBytes: 6n }))).toMatchObject({ fields: ["header.length_bytes"] });
  expect(await offset()).toBe(0);
});

test("InvalidArgument: another checksum, and nothing of the call stays, however many parts it had", async () => {
  const { at, offset } = await begin(mib);
  const content = generated(mib);
  const checksum = (algorithm: string, of: Uint8Array) => ({
    checksumAlgorithm: algorithm,
    checksum: Uint8Array.from(createHash(algorithm).update(of).digest()),
  });
  expect(await failureOf(at(0, content, checksum("sha1", content.subarray(1))))).toEqual({
    code: "InvalidArgument",
    reason: "UPLOAD_CHECKSUM_MISMATCH",
    metadata: { algorithm: "sha1" },
  });
  expect(await offset()).toBe(0);
  expect(await failureOf(at(0, content, { checksumAlgorithm: "crc32" }))).toMatchObject({
    fields: ["header.checksum_algorithm"],
  });
  expect(await at(0, content, checksum("sha512", content))).toMatchObject({ upload: { isFinished: true } });
});

test("InvalidArgument: the whole has another hash than announced, which ends the upload", async () => {
  const { who, uploadId, at } = await begin(3, { sha256: sha256("abd") });
  expect(await failureOf(at(0, "abc"))).toEqual({
    code: "InvalidArgument",
    reason: "CONTENT_MISMATCH",
    metadata: { announced: sha256("abd"), received: sha256("abc") },
  });
  expect(await failureOf(at(0, "abd"))).toEqual(uploadGone(uploadId));
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0));
});

test("InvalidArgument: a page that is called an image, at its first bytes or at its end", async () => {
  const page = `<html>${"x".repeat(5000)}`;
  const { who, uploadId, at } = await begin(10_000, { name: "photo.png" });
  const policy = { allowedTypes: ["image/*"] };
  await storage().client(UploadPolicyService, who).setUploadPolicy({ policy });
  const refused = {
    code: "InvalidArgument",
    reason: "UPLOAD_REFUSED",
    metadata: { type: "image/png", detected_type: "text/html" },
  };
  expect(await failureOf(at(0, page))).toEqual(refused);
  expect(await offsetOf(storage(), who, uploadId)).toBe(0);
  const short = await createUpload(storage(), who, { name: "photo.png", lengthBytes: 6 });
  const call = append(storage(), who, { uploadId: short.uploadId, content: "<html>" });
  expect(await failureOf(call)).toEqual(refused);
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0, 10_000));
});

test("ResourceExhausted: an upload of unknown length beyond the quota: what fits stays, and it can go on", async () => {
  const { who, uploadId, at, offset } = await begin();
  await setQuota(storage(), who, 2 * mib);
  expect(await failureOf(at(0, generated(3 * mib)))).toMatchObject({
    code: "ResourceExhausted",
    reason: "QUOTA_EXCEEDED",
  });
  expect(await offset()).toBe(2 * mib);
  await setQuota(storage(), who, 4 * mib);
  await at(2 * mib, generated(mib, 2), { lengthBytes: BigInt(3 * mib) });
  expect(await usageOf(storage(), who)).toEqual(usage(3 * mib, 1));
  const { bytes } = await download(storage(), who, { fileId: uploadId });
  expect(bytes.equals(Buffer.concat([generated(3 * mib).subarray(0, 2 * mib), generated(mib, 2)]))).toBe(
    true,
  );
});

test("FailedPrecondition: an upload that is made of others", async () => {
  const { who, uploadId, at } = await begin(3, { kind: PARTIAL });
  await at(0, "abc");
  const { upload } = await storage()
    .client(ResumableUploadService, who)
    .concatenateResumableUploads({ uploadIds: [uploadId], upload: { name: "whole" } });
  const call = append(storage(), who, { uploadId: upload?.uploadId ?? "", offsetBytes: 3n, content: "d" });
  expect(await failureOf(call)).toMatchObject({ code: "FailedPrecondition", reason: "STATE_CONFLICT" });
});
