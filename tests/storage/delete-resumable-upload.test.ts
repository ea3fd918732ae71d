import { expect, test } from "vitest";
import { ResumableUploadService } from "../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { download, failureOf, filesIn, startStorage, usage, usageOf } from "./fixtures.ts";
import {
  append,
  createUpload,
  openAppend,
  uploadGone,
  uploadMissing,
  uploadOf,
} from "./resumable-fixtures.ts";

const storage = forFile(() => startStorage({ partMs: 10, collectMs: 20, graceMs: 0 }));

const remove = (who: ReturnType<typeof principal>, uploadId: string) =>
  storage().client(ResumableUploadService, who).deleteResumableUpload({ uploadId });

test("OK: an unfinished upload, with its quota and at last its bytes, also while it runs", async () => {
  const who = principal();
  const { uploadId } = await createUpload(storage(), who, { lengthBytes: 10 });
  const running = openAppend(storage(), who, { uploadId });
  running.send("abc");
  const rows = () => storage().database.sql`
    select from storage.resumable_parts where upload_id = ${uploadId}`;
  await expect.poll(async () => (await rows()).length).toBe(1);
  await remove(who, uploadId);
  running.send("def");
  running.end();
  expect(await failureOf(running.answer)).toMatchObject({
    code: "Aborted",
    reason: "UPLOAD_OFFSET_MISMATCH",
  });
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0));
  await expect
    .poll(async () => (await filesIn(storage().directory)).filter((path) => path.includes(who.orgId)))
    .toEqual([]);
});

test("OK: a finished upload, whose file stays", async () => {
  const who = principal();
  const { uploadId } = await createUpload(storage(), who, { lengthBytes: 3 });
  await append(storage(), who, { uploadId, content: "abc" });
  await remove(who, uploadId);
  expect((await download(storage(), who, { fileId: uploadId })).bytes.toString()).toBe("abc");
  expect(await failureOf(remove(who, uploadId))).toEqual(uploadMissing(uploadId));
});

test("NotFound: another user's, and one that has expired", async () => {
  const who = principal();
  const { uploadId } = await createUpload(storage(), who, { lengthBytes: 3 });
  expect(await failureOf(remove(principal(), uploadId))).toEqual(uploadMissing(uploadId));
  await storage().database.sql`
    update storage.resumable_uploads set expire_time = now() - interval '1 s' where upload_id = ${uploadId}`;
  // Until the collector has seen it, it can be deleted.
  await expect.poll(() => failureOf(uploadOf(storage(), who, uploadId))).toEqual(uploadGone(uploadId));
  expect(await failureOf(remove(who, uploadId))).toEqual(uploadGone(uploadId));
});
