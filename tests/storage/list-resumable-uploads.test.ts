import { expect, test } from "vitest";
import { ResumableUploadService } from "../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, startStorage } from "./fixtures.ts";
import { append, createUpload } from "./resumable-fixtures.ts";

const storage = forFile(startStorage);

test("OK: the caller's unfinished uploads, newest first, page by page", async () => {
  const who = principal();
  const colleague = { ...principal(), orgId: who.orgId };
  await createUpload(storage(), colleague, { lengthBytes: 1 });
  const ids: string[] = [];
  for (let count = 0; count < 3; count += 1) {
    ids.unshift((await createUpload(storage(), who, { lengthBytes: 3 })).uploadId);
  }
  const done = await createUpload(storage(), who, { lengthBytes: 1 });
  await append(storage(), who, { uploadId: done.uploadId, content: "x" });
  const client = storage().client(ResumableUploadService, who);
  const first = await client.listResumableUploads({ pageSize: 2, showTotal: true });
  expect([first.uploads.map(({ uploadId }) => uploadId), first.totalSize]).toEqual([ids.slice(0, 2), 3]);
  const next = { pageSize: 2, pageToken: first.nextPageToken, showTotal: true };
  const second = await client.listResumableUploads(next);
  expect(second.uploads.map(({ uploadId }) => uploadId)).toEqual(ids.slice(2));
  expect((await client.listResumableUploads({ namespace: "elsewhere" })).uploads).toEqual([]);
});

test("InvalidArgument: a filter that is none, a token of another list", async () => {
  const client = storage().client(ResumableUploadService, principal());
  expect(await failureOf(client.listResumableUploads({ filter: "nothing = 1" }))).toMatchObject({
    code: "InvalidArgument",
    reason: "FILTER_INVALID",
  });
  expect(await failureOf(client.listResumableUploads({ pageToken: "x" }))).toMatchObject({
    code: "InvalidArgument",
    reason: "PAGE_TOKEN_INVALID",
  });
});
