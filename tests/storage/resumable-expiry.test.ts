import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { download, failureOf, filesIn, startStorage, usage, usageOf } from "./fixtures.ts";
import { append, createUpload, PARTIAL, uploadGone, uploadMissing, uploadOf } from "./resumable-fixtures.ts";

const storage = forFile(() => startStorage({ collectMs: 20, graceMs: 0 }));

/** Has an upload expire now, as if its time had passed. */
const expire = (uploadId: string) => storage().database.sql`
  update storage.resumable_uploads set expire_time = now() - interval '1 s' where upload_id = ${uploadId}`;

test("OK: the collector ends an unfinished upload with its bytes and quota, says so for a while, and forgets it", async () => {
  const who = principal();
  const { uploadId } = await createUpload(storage(), who, { lengthBytes: 10 });
  await append(storage(), who, { uploadId, content: "abc" });
  await expire(uploadId);
  const failure = () => failureOf(uploadOf(storage(), who, uploadId));
  await expect.poll(failure).toEqual(uploadGone(uploadId));
  const call = append(storage(), who, { uploadId, offsetBytes: 3n, content: "def" });
  expect(await failureOf(call)).toEqual(uploadGone(uploadId));
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0));
  await expect
    .poll(async () => (await filesIn(storage().directory)).filter((path) => path.includes(who.orgId)))
    .toEqual([]);
  await expire(uploadId);
  await expect.poll(failure).toEqual(uploadMissing(uploadId));
});

test("OK: a finished upload is forgotten and its file stays; a partial one goes with its bytes", async () => {
  const who = principal();
  const whole = await createUpload(storage(), who, { lengthBytes: 3 });
  await append(storage(), who, { uploadId: whole.uploadId, content: "abc" });
  const partial = await createUpload(storage(), who, { lengthBytes: 3, kind: PARTIAL });
  await append(storage(), who, { uploadId: partial.uploadId, content: "def" });
  for (const { uploadId } of [whole, partial]) {
    await expire(uploadId);
    await expect.poll(() => failureOf(uploadOf(storage(), who, uploadId))).toEqual(uploadMissing(uploadId));
  }
  expect((await download(storage(), who, { fileId: whole.uploadId })).bytes.toString()).toBe("abc");
  expect(await usageOf(storage(), who)).toEqual(usage(3, 1));
});

test("OK: every byte postpones the end", async () => {
  const who = principal();
  const { uploadId, expireTime } = await createUpload(storage(), who, { lengthBytes: 10 });
  const { upload } = await append(storage(), who, { uploadId, content: "abc" });
  const secondsOf = (time: typeof expireTime) => Number(time?.seconds) + Number(time?.nanos) / 1e9;
  expect(secondsOf(upload?.expireTime)).toBeGreaterThan(secondsOf(expireTime));
});
