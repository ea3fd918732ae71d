import { randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FileCategory, FileKind } from "../../gen/sluice/storage/v1/files_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  blobPath,
  download,
  failureOf,
  filesIn,
  flipByte,
  generated,
  lacking,
  mib,
  setQuota,
  sha256,
  startStorage,
  upload,
  usage,
  usageOf,
} from "./fixtures.ts";

const storage = forFile(startStorage);

const idRule = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

test("OK: stores what was sent and answers what is known of it", async () => {
  const who = principal();
  const content = generated(3 * mib + 17);
  const file = await upload(storage(), who, { name: "flights.parquet", content });
  expect(file).toEqual({
    $typeName: "sluice.storage.v1.File",
    fileId: expect.stringMatching(idRule),
    name: "flights.parquet",
    detectedContentType: "application/octet-stream",
    contentType: "application/vnd.apache.parquet",
    sizeBytes: BigInt(content.length),
    sha256: sha256(content),
    creatorUserId: who.userId,
    createTime: expect.anything(),
    updateTime: file.createTime,
    etag: "1",
    category: FileCategory.UPLOAD,
    path: "",
    namespace: "default",
    folder: "",
    kind: FileKind.GENERAL,
    objectName: expect.stringContaining("/flights_"),
    tags: [],
    properties: {},
    version: 1,
    contentTime: file.createTime,
  });
  expect((await download(storage(), who, { fileId: file.fileId })).bytes.equals(content)).toBe(true);
  expect(await usageOf(storage(), who)).toEqual(usage(content.length, 1));
  expect(await filesIn(storage().directory)).toContain(blobPath(who, sha256(content)));
});

test("OK: takes the announced size and hash when they are true", async () => {
  const content = "a,b\n1,2\n";
  const file = await upload(storage(), principal(), {
    content,
    contentType: "text/plain",
    sizeBytes: BigInt(content.length),
    sha256: sha256(content),
  });
  expect(file).toMatchObject({ contentType: "text/plain", sizeBytes: 8n, sha256: sha256(content) });
});

test("OK: an empty content, also without a piece", async () => {
  const who = principal();
  const file = await upload(storage(), who, { content: "", sizeBytes: 0n });
  expect(file).toMatchObject({ sizeBytes: 0n, sha256: sha256("") });
  expect((await download(storage(), who, { fileId: file.fileId })).bytes).toHaveLength(0);
  expect(await usageOf(storage(), who)).toEqual(usage(0, 1));
});

test.each([
  ["table.CSV", "text/csv"],
  ["rows.ndjson", "application/x-ndjson"],
  ["archive.tar.gz", "application/gzip"],
  ["README", "application/octet-stream"],
  [".constructor", "application/octet-stream"],
  ["größe 🙂.json", "application/json"],
])("OK: %s is %s unless the header says otherwise", async (name, contentType) => {
  expect(await upload(storage(), principal(), { name })).toMatchObject({ name, contentType });
});

test("OK: one content is stored once in each organisation, and counts for each", async () => {
  const [one, other] = [principal(), principal()];
  const content = generated(64 * 1024, 7);
  const first = await upload(storage(), one, { content });
  const path = join(storage().directory, blobPath(one, first.sha256));
  const { ino } = await stat(path);
  const again = await upload(storage(), one, { content });
  const foreign = await upload(storage(), other, { content });
  expect(new Set([first.fileId, again.fileId, foreign.fileId]).size).toBe(3);
  expect((await stat(path)).ino).toBe(ino);
  const otherPath = join(storage().directory, blobPath(other, first.sha256));
  expect((await stat(otherPath)).ino).not.toBe(ino);
  expect(await usageOf(storage(), one)).toEqual(usage(2 * content.length, 2));
  expect(await usageOf(storage(), other)).toEqual(usage(content.length, 1));
});

test("OK: a content that was damaged is healed by an upload of the same", async () => {
  const who = principal();
  const content = generated(10_000, 11);
  const first = await upload(storage(), who, { content });
  await flipByte(join(storage().directory, blobPath(who, first.sha256)), 0);
  await upload(storage(), who, { content });
  expect((await download(storage(), who, { fileId: first.fileId })).bytes.equals(content)).toBe(true);
});

test("OK: the same request id and content answers the same file and counts once", async () => {
  const who = principal();
  const request = { content: "once", requestId: randomUUID() };
  const first = await upload(storage(), who, request);
  expect(await upload(storage(), who, request)).toEqual(first);
  expect(await usageOf(storage(), who)).toEqual(usage(4, 1));
});

test("OK: a repeated upload needs no room beside what it stored the first time", async () => {
  const who = principal();
  await setQuota(storage(), who, 4);
  const request = { content: "once", requestId: randomUUID() };
  const first = await upload(storage(), who, request);
  expect(await upload(storage(), who, request)).toEqual(first);
});

test("OK: racing uploads with one request id make one file", async () => {
  const who = principal();
  const request = { content: generated(200_000), requestId: randomUUID() };
  const answers = await Promise.all(Array.from({ length: 8 }, () => upload(storage(), who, request)));
  expect(new Set(answers.map(({ fileId }) => fileId)).size).toBe(1);
  expect(await usageOf(storage(), who)).toEqual(usage(200_000, 1));
});

test.each([
  ["content", { content: "other" }],
  ["name", { name: "other.csv" }],
])("AlreadyExists: a request id that was used with another %s", async (_title, change) => {
  const who = principal();
  const request = { content: "first", requestId: randomUUID() };
  await upload(storage(), who, request);
  expect(await failureOf(upload(storage(), who, { ...request, ...change }))).toEqual({
    code: "AlreadyExists",
    reason: "REQUEST_ID_REUSED",
    metadata: { requestId: request.requestId },
  });
  expect(await usageOf(storage(), who)).toEqual(usage(5, 1));
});

test("PermissionDenied: a viewer", async () => {
  const call = upload(storage(), principal({ roles: ["viewer"] }));
  expect(await failureOf(call)).toEqual(lacking("storage.files.write"));
});
