import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { type CreateSignedUrlRequestSchema, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, fileMissing, lacking, readSigned, startStorage, upload } from "./fixtures.ts";

const storage = forFile(startStorage);

const urlForm = /^\/api\/v1\/storage\/signed\/[A-Za-z0-9_-]{108}$/;
const hour = 3_600_000;

const sign = (who: Principal, request: MessageInitShape<typeof CreateSignedUrlRequestSchema>) =>
  storage().client(FileService, who).createSignedUrl(request);

const signBlobs = (who: Principal, fileIds: string[], lifetimeMs = 60_000, process = "staging") =>
  storage()
    .client(BlobService, who, process)
    .signBlobs({ fileIds, lifetime: durationFromMs(lifetimeMs) });

test("OK: a URL that reads the file without a credential, for an hour", async () => {
  const who = principal();
  const { fileId, sha256 } = await upload(storage(), who, { name: "a.csv", content: "0123456789" });
  const before = Date.now();
  const { url, expireTime, urlId } = await sign(who, { fileId });
  expect(url).toMatch(urlForm);
  expect(urlId).toMatch(/^[\da-f-]{36}$/);
  const expireMs = expireTime ? timestampMs(expireTime) : 0;
  expect(expireMs).toBeGreaterThanOrEqual(before + hour);
  expect(expireMs).toBeLessThanOrEqual(Date.now() + hour);
  const read = await readSigned(storage(), { url });
  expect({ ...read, bytes: read.bytes.toString() }).toEqual({
    status: 200,
    contentType: "text/csv",
    bytes: "0123456789",
    headers: {
      etag: `"${sha256}"`,
      "last-modified": expect.any(String),
      "cache-control": "private",
      "content-type": "text/csv",
      "accept-ranges": "bytes",
      "content-disposition": 'attachment; filename="a.csv"',
      "x-content-type-options": "nosniff",
      "content-length": "10",
    },
  });
});

test("NotFound: signing an unknown file, or another organisation's", async () => {
  const who = principal();
  const { fileId: mine } = await upload(storage(), who);
  const { fileId: foreign } = await upload(storage(), principal());
  for (const fileId of [randomUUID(), foreign]) {
    expect(await failureOf(sign(who, { fileId }))).toEqual(fileMissing(fileId));
    expect(await failureOf(signBlobs(who, [mine, fileId, randomUUID()]))).toEqual(fileMissing(fileId));
  }
});

test("InvalidArgument: a lifetime below a second or above seven days, an id or a token that can't be one", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  const week = 7 * 24 * hour;
  expect((await sign(who, { fileId, lifetime: durationFromMs(week) })).url).toMatch(urlForm);
  const invalid = (field: string) => ({ code: "InvalidArgument", fields: [field] });
  for (const lifetimeMs of [0, 999, week + 1, -1000]) {
    const lifetime = durationFromMs(lifetimeMs);
    expect(await failureOf(sign(who, { fileId, lifetime }))).toEqual(invalid("lifetime"));
    expect(await failureOf(signBlobs(who, [fileId], lifetimeMs))).toEqual(invalid("lifetime"));
  }
  const { signBlobs: signWithout } = storage().client(BlobService, who, "staging");
  expect(await failureOf(signWithout({ fileIds: [fileId] }))).toEqual(invalid("lifetime"));
  expect(await failureOf(sign(who, { fileId: "me" }))).toEqual(invalid("file_id"));
  expect(await failureOf(signBlobs(who, [fileId, "me"]))).toEqual(invalid("file_ids[1]"));
  const tooMany = Array.from({ length: 1001 }, () => fileId);
  expect(await failureOf(signBlobs(who, tooMany))).toEqual(invalid("file_ids"));
  expect(await failureOf(readSigned(storage(), { url: "a".repeat(513) }))).toEqual(invalid("token"));
});

test("PermissionDenied: who may not read files signs none; other processes sign none for others", async () => {
  const who = principal({ roles: [] });
  expect(await failureOf(sign(who, { fileId: randomUUID() }))).toEqual(lacking("storage.files.read"));
  for (const process of ["edge", "orchestration", "approval"]) {
    expect(await failureOf(signBlobs(principal(), [randomUUID()], 1000, process))).toEqual({
      code: "PermissionDenied",
      reason: "PERMISSION_MISSING",
      metadata: {},
    });
  }
});

test("InvalidArgument: a negative number of uses, and more than a million", async () => {
  for (const usesMax of [-1, 1_000_001]) {
    expect(await failureOf(sign(principal(), { fileId: randomUUID(), usesMax }))).toEqual({
      code: "InvalidArgument",
      fields: ["uses_max"],
    });
  }
});
