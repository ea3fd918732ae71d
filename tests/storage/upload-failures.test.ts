import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  chunkPart,
  failureOf,
  filesIn,
  generated,
  headerPart,
  mib,
  openUpload,
  parts,
  setQuota,
  sha256,
  startStorage,
  upload,
  usage,
  usageOf,
} from "./fixtures.ts";

const storage = forFile(startStorage);

/** Expects that a failed upload left no temporary file, row, reservation or usage. */
async function expectNothingLeft(who: ReturnType<typeof principal>) {
  await expect.poll(() => usageOf(storage(), who)).toEqual(usage(0, 0));
  expect((await filesIn(storage().directory)).filter((path) => path.startsWith("tmp/"))).toEqual([]);
  const { sql } = storage().database;
  expect(await sql`select from storage.reservations where org_id = ${who.orgId}`).toEqual([]);
  expect(await sql`select from storage.files where org_id = ${who.orgId}`).toEqual([]);
}

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
  expect(await failureOf(upload(storage(), who, request))).toEqual(failure);
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
  const call = storage()
    .client(FileService, who)
    .uploadFile(parts(...messages));
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
  expect(await failureOf(upload(storage(), who, header))).toEqual({
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
  await setQuota(storage(), who, 1000);
  const refused = openUpload(storage(), who, { sizeBytes: 1001n });
  expect(await failureOf(refused.answer)).toEqual(overQuota(1000, 0, 0, 1001));
  await expectNothingLeft(who);
});

test("ResourceExhausted: a stream that passes the quota, as soon as it does", async () => {
  const who = principal();
  await setQuota(storage(), who, 2 * mib);
  const endless = openUpload(storage(), who);
  for (let seed = 1; seed <= 3; seed += 1) endless.send(chunkPart(generated(mib, seed)));
  expect(await failureOf(endless.answer)).toEqual(overQuota(2 * mib, 0, 2 * mib, 3 * mib));
  await expectNothingLeft(who);
});

test("OK: a quota is used to its last byte, and not one beyond", async () => {
  const who = principal();
  await setQuota(storage(), who, 10);
  await upload(storage(), who, { content: "123456" });
  await upload(storage(), who, { content: "1234" });
  expect(await failureOf(upload(storage(), who, { content: "1" }))).toEqual(overQuota(10, 10, 0, 1));
  expect(await failureOf(upload(storage(), who, { content: "1", sizeBytes: 1n }))).toEqual(
    overQuota(10, 10, 0, 1),
  );
  expect(await usageOf(storage(), who)).toEqual(usage(10, 2));
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
  const running = openUpload(storage(), who, { sizeBytes: BigInt(8 * mib) });
  running.send(chunkPart(generated(mib)), chunkPart(generated(mib)));
  await expect.poll(() => usageOf(storage(), who)).toEqual(usage(0, 0, 8 * mib));
  await expect
    .poll(async () => (await filesIn(storage().directory)).filter((path) => path.startsWith("tmp/")))
    .toHaveLength(1);
  running.abandon();
  expect(await failureOf(running.answer)).toEqual({ code: "Canceled" });
  await expectNothingLeft(who);
});
