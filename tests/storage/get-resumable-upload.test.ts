import { join } from "node:path";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { blobPath, download, failureOf, flipByte, generated, mib, sha256, startStorage } from "./fixtures.ts";
import { append, createUpload, uploadGone, uploadMissing, uploadOf } from "./resumable-fixtures.ts";

const storage = forFile(() => startStorage({ partBytes: mib }));

/** An upload whose bytes are all there, and whose process died before it created the file. */
async function completeWithoutFile(who = principal()) {
  const { uploadId } = await createUpload(storage(), who, {});
  const content = generated(2 * mib + 9);
  await append(storage(), who, { uploadId, content });
  await storage().database.sql`
    update storage.resumable_uploads set length_bytes = ${content.length} where upload_id = ${uploadId}`;
  return { who, uploadId, content };
}

test("OK: an upload; if its file is missing, it is created first, once", async () => {
  const { who, uploadId, content } = await completeWithoutFile();
  const uploads = await Promise.all([1, 2, 3].map(() => uploadOf(storage(), who, uploadId)));
  for (const upload of uploads) {
    expect(upload).toMatchObject({ uploadId, isFinished: true, offsetBytes: BigInt(content.length) });
  }
  const { bytes } = await download(storage(), who, { fileId: uploadId });
  expect(bytes.equals(content)).toBe(true);
});

test("DataLoss: a part is damaged: the file is not created", async () => {
  const { who, uploadId, content } = await completeWithoutFile();
  const [part] = await storage().database.sql`
    select sha256, size_bytes::int from storage.resumable_parts
    where upload_id = ${uploadId} order by start_bytes limit 1`;
  expect(part?.sha256).toBe(sha256(content.subarray(0, part?.size_bytes)));
  await flipByte(join(storage().directory, blobPath(who, part?.sha256)), 7);
  const failure = await failureOf(uploadOf(storage(), who, uploadId));
  expect(failure).toMatchObject({ code: "DataLoss", reason: "CONTENT_CORRUPT" });
});

test("NotFound: none, another user's, and one that has expired", async () => {
  const who = principal();
  const { uploadId } = await createUpload(storage(), who, { lengthBytes: 3 });
  expect(await failureOf(uploadOf(storage(), principal(), uploadId))).toEqual(uploadMissing(uploadId));
  await storage().database.sql`
    update storage.resumable_uploads set state = 'gone' where upload_id = ${uploadId}`;
  expect(await failureOf(uploadOf(storage(), who, uploadId))).toEqual(uploadGone(uploadId));
});
