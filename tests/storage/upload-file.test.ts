import { randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FileCategory, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  blobPath,
  chunkPart,
  download,
  failureOf,
  filesIn,
  flipByte,
  generated,
  headerPart,
  lacking,
  mib,
  openUpload,
  parts,
  type Storage,
  setQuota,
  sha256,
  startStorage,
  upload,
  usage,
  usageOf,
} from "./fixtures.ts";

let storage: Storage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

const idRule = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Nothing of a failed upload may be left: no temporary file, no row, no reservation, no quota. */
async function expectNothingLeft(who: ReturnType<typeof principal>) {
  await expect.poll(() => usageOf(storage, who)).toEqual(usage(0, 0));
  expect((await filesIn(storage.directory)).filter((path) => path.startsWith("tmp/"))).toEqual([]);
  const { sql } = storage.database;
  expect(await sql`select from storage.reservations where org_id = ${who.orgId}`).toEqual([]);
  expect(await sql`select from storage.files where org_id = ${who.orgId}`).toEqual([]);
}

test("OK: stores what was sent and answers what is known of it", async () => {
  const who = principal();
  const content = generated(3 * mib + 17);
  const file = await upload(storage, who, { name: "flights.parquet", content });
  expect(file).toEqual({
    $typeName: "sluice.storage.v1.File",
    fileId: expect.stringMatching(idRule),
    name: "flights.parquet",
    contentType: "application/vnd.apache.parquet",
    sizeBytes: BigInt(content.length),
    sha256: sha256(content),
    creatorUserId: who.userId,
    createTime: expect.anything(),
    updateTime: file.createTime,
    etag: "1",
    category: FileCategory.UPLOAD,
    path: "",
  });
  expect((await download(storage, who, { fileId: file.fileId })).bytes.equals(content)).toBe(true);
  expect(await usageOf(storage, who)).toEqual(usage(content.length, 1));
  expect(await filesIn(storage.directory)).toContain(blobPath(sha256(content)));
});

test("OK: takes the announced size and hash when they are true", async () => {
  const content = "a,b\n1,2\n";
  const file = await upload(storage, principal(), {
    content,
    contentType: "text/plain",
    sizeBytes: BigInt(content.length),
    sha256: sha256(content),
  });
  expect(file).toMatchObject({ contentType: "text/plain", sizeBytes: 8n, sha256: sha256(content) });
});

test("OK: an empty content, also without a piece", async () => {
  const who = principal();
  const file = await upload(storage, who, { content: "", sizeBytes: 0n });
  expect(file).toMatchObject({ sizeBytes: 0n, sha256: sha256("") });
  expect((await download(storage, who, { fileId: file.fileId })).bytes).toHaveLength(0);
  expect(await usageOf(storage, who)).toEqual(usage(0, 1));
});

test.each([
  ["table.CSV", "text/csv"],
  ["rows.ndjson", "application/x-ndjson"],
  ["archive.tar.gz", "application/gzip"],
  ["README", "application/octet-stream"],
  [".constructor", "application/octet-stream"],
  ["größe 🙂.json", "application/json"],
])("OK: %s is %s unless the header says otherwise", async (name, contentType) => {
  expect(await upload(storage, principal(), { name })).toMatchObject({ name, contentType });
});

test("OK: one content is stored once, whoever sends it, and counts for each", async () => {
  const [one, other] = [principal(), principal()];
  const content = generated(64 * 1024, 7);
  const first = await upload(storage, one, { content });
  const path = join(storage.directory, blobPath(first.sha256));
  const { ino } = await stat(path);
  const again = await upload(storage, one, { content });
  const foreign = await upload(storage, other, { content });
  expect(new Set([first.fileId, again.fileId, foreign.fileId]).size).toBe(3);
  expect((await stat(path)).ino).toBe(ino);
  expect(await usageOf(storage, one)).toEqual(usage(2 * content.length, 2));
  expect(await usageOf(storage, other)).toEqual(usage(content.length, 1));
});

test("OK: a content that was damaged is healed by an upload of the same", async () => {
  const who = principal();
  const content = generated(10_000, 11);
  const first = await upload(storage, who, { content });
  await flipByte(join(storage.directory, blobPath(first.sha256)), 0);
  await upload(storage, who, { content });
  expect((await download(storage, who, { fileId: first.fileId })).bytes.equals(content)).toBe(true);
});

test("OK: the same request id and content answers the same file and counts once", async () => {
  const who = principal();
  const request = { content: "once", requestId: randomUUID() };
  const first = await upload(storage, who, request);
  expect(await upload(storage, who, request)).toEqual(first);
  expect(await usageOf(storage, who)).toEqual(usage(4, 1));
});

test("OK: a repeated upload needs no room beside what it stored the first time", async () => {
  const who = principal();
  await setQuota(storage, who, 4);
  const request = { content: "once", requestId: randomUUID() };
  const first = await upload(storage, who, request);
  expect(await upload(storage, who, request)).toEqual(first);
});

test("OK: racing uploads with one request id make one file", async () => {
  const who = principal();
  const request = { content: generated(200_000), requestId: randomUUID() };
  const answers = await Promise.all(Array.from({ length: 8 }, () => upload(storage, who, request)));
  expect(new Set(answers.map(({ fileId }) => fileId)).size).toBe(1);
  expect(await usageOf(storage, who)).toEqual(usage(200_000, 1));
});

test.each([
  ["content", { content: "other" }],
  ["name", { name: "other.csv" }],
])("AlreadyExists: a request id that was used with another %s", async (_title, change) => {
  const who = principal();
  const request = { content: "first", requestId: randomUUID() };
  await upload(storage, who, request);
  expect(await failureOf(upload(storage, who, { ...request, ...change }))).toEqual({
    code: "AlreadyExists",
    reason: "REQUEST_ID_REUSED",
    metadata: { requestId: request.requestId },
  });
  expect(await usageOf(storage, who)).toEqual(usage(5, 1));
});

const mismatch = (announced: number | string, received: number | string) => ({
  code: "InvalidArgument",
  reason: "CONTENT_MISMATCH",
  metadata: { announced: String(announced), received: String(received) },
});

test.each([
  ["ends early", { content: "four", sizeBytes: 5n }, mismatch(5, 4)],
  ["is too long", { content: "four", sizeBytes: 3n }, mismatch(3, 4)],
  ["has another hash", { content: "four", sha256: sha256("for") }, mismatch(sha256("for"), sha256("four"))],
])("InvalidArgument: content that %s, and nothing is left", async (_title, request, failure) => {
  const who = principal();
  expect(await failureOf(upload(storage, who, request))).toEqual(failure);
  await expectNothingLeft(who);
});

test.each([
  ["no message", [], ["header"]],
  ["a piece before the header", [chunkPart(Buffer.from("x"))], ["header"]],
  ["a second header", [headerPart({ name: "a" }), headerPart({ name: "a" })], ["header"]],
  ["an empty message", [headerPart({ name: "a" }), {}], ["part"]],
  ["a piece above 1 MiB", [headerPart({ name: "a" }), chunkPart(generated(mib + 1))], ["chunk"]],
])("InvalidArgument: %s, and nothing is left", async (_title, messages, fields) => {
  const who = principal();
  const call = storage.client(FileService, who).uploadFile(parts(...messages));
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields });
  await expectNothingLeft(who);
});

test.each([
  ["no name", { name: "" }, "header.name"],
  ["a slash", { name: "a/b" }, "header.name"],
  ["a backslash", { name: "a\\b" }, "header.name"],
  ["a way up", { name: ".." }, "header.name"],
  ["the folder itself", { name: "." }, "header.name"],
  ["a control character", { name: "a\u0000b" }, "header.name"],
  ["a line's end", { name: "a\nb" }, "header.name"],
  ["a name above 255 characters", { name: "n".repeat(256) }, "header.name"],
  ["a media type that would break a header", { contentType: "text/csv\r\nx: y" }, "header.content_type"],
  ["a hash that is none", { sha256: "ABC" }, "header.sha256"],
  ["a negative size", { sizeBytes: -1n }, "header.size_bytes"],
  ["a size above 5 TiB", { sizeBytes: 5_497_558_138_881n }, "header.size_bytes"],
  ["a request id that is none", { requestId: "1" }, "header.request_id"],
])("InvalidArgument: a header with %s", async (_title, header, field) => {
  const who = principal();
  expect(await failureOf(upload(storage, who, header))).toEqual({
    code: "InvalidArgument",
    fields: [field],
  });
  await expectNothingLeft(who);
});

test("InvalidArgument: more bytes than one upload may have, though none were announced", async () => {
  await using small = await startStorage({ uploadBytesMax: 10 });
  const who = principal();
  expect(await failureOf(upload(small, who, { content: "eleven char" }))).toEqual({
    code: "InvalidArgument",
    reason: "CONTENT_TOO_LARGE",
    metadata: { limit_bytes: "10" },
  });
  expect(await filesIn(small.directory)).toEqual([]);
});

const overQuota = (limit: number, used: number, reserved: number, requested: number) => ({
  code: "ResourceExhausted",
  reason: "QUOTA_EXCEEDED",
  metadata: {
    limit_bytes: String(limit),
    used_bytes: String(used),
    reserved_bytes: String(reserved),
    requested_bytes: String(requested),
  },
});

test("ResourceExhausted: an announced size above the quota, before a byte is sent", async () => {
  const who = principal();
  await setQuota(storage, who, 1000);
  const refused = openUpload(storage, who, { sizeBytes: 1001n });
  expect(await failureOf(refused.answer)).toEqual(overQuota(1000, 0, 0, 1001));
  await expectNothingLeft(who);
});

test("ResourceExhausted: a stream that passes the quota, as soon as it does", async () => {
  const who = principal();
  await setQuota(storage, who, 2 * mib);
  const endless = openUpload(storage, who);
  for (let seed = 1; seed <= 3; seed += 1) endless.send(chunkPart(generated(mib, seed)));
  expect(await failureOf(endless.answer)).toEqual(overQuota(2 * mib, 0, 2 * mib, 3 * mib));
  await expectNothingLeft(who);
});

test("OK: a quota is used to its last byte, and not one beyond", async () => {
  const who = principal();
  await setQuota(storage, who, 10);
  await upload(storage, who, { content: "123456" });
  await upload(storage, who, { content: "1234" });
  expect(await failureOf(upload(storage, who, { content: "1" }))).toEqual(overQuota(10, 10, 0, 1));
  expect(await failureOf(upload(storage, who, { content: "1", sizeBytes: 1n }))).toEqual(
    overQuota(10, 10, 0, 1),
  );
  expect(await usageOf(storage, who)).toEqual(usage(10, 2));
});

test("DeadlineExceeded: an upload that stops sending, and nothing is left", async () => {
  await using impatient = await startStorage({ uploadIdleMs: 50 });
  const who = principal();
  for (const sent of [[], [chunkPart(generated(1000))]]) {
    const stalled = openUpload(impatient, who, { sizeBytes: 2000n });
    stalled.send(...sent);
    expect(await failureOf(stalled.answer)).toEqual({ code: "DeadlineExceeded" });
  }
  expect(await usageOf(impatient, who)).toEqual(usage(0, 0));
  expect(await filesIn(impatient.directory)).toEqual([]);
});

test("DeadlineExceeded: no header at all", async () => {
  await using impatient = await startStorage({ uploadIdleMs: 50 });
  const { promise: never } = Promise.withResolvers<never>();
  async function* nothing() {
    yield await never;
  }
  const call = impatient.client(FileService, principal()).uploadFile(nothing());
  expect(await failureOf(call)).toEqual({ code: "DeadlineExceeded" });
});

test("Canceled: a client that goes away half-way leaves nothing", async () => {
  const who = principal();
  const running = openUpload(storage, who, { sizeBytes: BigInt(8 * mib) });
  running.send(chunkPart(generated(mib)), chunkPart(generated(mib)));
  await expect.poll(() => usageOf(storage, who)).toEqual(usage(0, 0, 8 * mib));
  await expect
    .poll(async () => (await filesIn(storage.directory)).filter((path) => path.startsWith("tmp/")))
    .toHaveLength(1);
  running.abandon();
  expect(await failureOf(running.answer)).toEqual({ code: "Canceled" });
  await expectNothingLeft(who);
});

test("PermissionDenied: a viewer", async () => {
  const call = upload(storage, principal({ roles: ["viewer"] }));
  expect(await failureOf(call)).toEqual(lacking("storage.files.write"));
});
