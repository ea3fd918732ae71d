import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  BlobService,
  type DeleteBlobsRequestSchema,
  type PutBlobRequestSchema,
} from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { FileCategory, FileKind, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { principal, type RunningService, temporaryFolder } from "../lib/test-mesh.ts";
import {
  download,
  failureOf,
  filesIn,
  generated,
  mib,
  setQuota,
  sha256,
  startStorage,
  startStorageIn,
  usage,
  usageOf,
} from "./fixtures.ts";
import { putBlob } from "./release-fixtures.ts";
import { spawnStorage } from "./storage-process.ts";

type Part = MessageInitShape<typeof PutBlobRequestSchema>;

const storage = forFile(startStorage);

const header = (value: { name?: string; ownerId?: string; contentType?: string } = {}): Part => ({
  part: { case: "header", value: { name: "a.parquet", ownerId: randomUUID(), ...value } },
});
const chunk = (value: Uint8Array<ArrayBuffer>): Part => ({ part: { case: "chunk", value } });
const someBytes = new Uint8Array(1000).fill(7);

async function* stream(parts: Part[], then?: Promise<never>): AsyncIterable<Part> {
  yield* parts;
  if (then) await then;
}

const put = (service: RunningService, who: Principal, parts: Part[], process = "staging") =>
  service.client(BlobService, who, process).putBlob(stream(parts));

const deleteBlobs = (
  who: Principal,
  request: MessageInitShape<typeof DeleteBlobsRequestSchema>,
  process = "staging",
) => storage().client(BlobService, who, process).deleteBlobs(request);

const invalid = (...fields: string[]) => ({ code: "InvalidArgument", fields });
const internalOnly = { code: "PermissionDenied", reason: "PERMISSION_MISSING", metadata: {} };

test("OK: what was put is a staged file, counts and can be read", async () => {
  const who = principal();
  const content = generated(2 * mib + 5);
  const blob = await putBlob(storage(), who, { name: "part-00000.parquet", content });
  expect(blob).toEqual({
    $typeName: "sluice.storage.v1.PutBlobResponse",
    fileId: expect.any(String),
    sizeBytes: BigInt(content.length),
    sha256: sha256(content),
  });
  const { fileId } = blob;
  const { file } = await storage().client(FileService, who).getFile({ fileId });
  expect(file).toEqual({
    $typeName: "sluice.storage.v1.File",
    fileId,
    name: "part-00000.parquet",
    contentType: "application/vnd.apache.parquet",
    sizeBytes: BigInt(content.length),
    sha256: sha256(content),
    creatorUserId: who.userId,
    createTime: expect.anything(),
    updateTime: file?.createTime,
    etag: "1",
    category: FileCategory.STAGING,
    path: "",
    namespace: "default",
    contentTime: file?.createTime,
    detectedContentType: "",
    folder: "",
    kind: FileKind.GENERAL,
    objectName: "",
    properties: {},
    tags: [],
    version: 1,
  });
  expect((await download(storage(), who, { fileId })).bytes.equals(content)).toBe(true);
  expect(await usageOf(storage(), who)).toEqual(usage(content.length, 1));
});

test("OK: the media type that the header says, and an empty content", async () => {
  const who = principal();
  const { fileId, sizeBytes } = await put(storage(), who, [header({ contentType: "text/x-own" })]);
  expect(sizeBytes).toBe(0n);
  const { file } = await storage().client(FileService, who).getFile({ fileId });
  expect(file?.contentType).toBe("text/x-own");
});

test.each([
  ["no header", [chunk(someBytes)], "header"],
  ["two headers", [header(), header()], "header"],
  ["nothing at all", [], "header"],
  ["a message without a part", [{}], "part"],
  ["an owner that is no id", [header({ ownerId: "me" })], "header.owner_id"],
  ["no owner", [header({ ownerId: "" })], "header.owner_id"],
  ["an empty name", [header({ name: "" })], "header.name"],
  ["a name with a slash", [header({ name: "a/b" })], "header.name"],
  ["a name of dots", [header({ name: ".." })], "header.name"],
  ["a name that is too long", [header({ name: "a".repeat(256) })], "header.name"],
  ["a media type with a line break", [header({ contentType: "a\r\nb" })], "header.content_type"],
  ["a chunk that is too large", [header(), chunk(new Uint8Array(mib + 1))], "chunk"],
])("InvalidArgument: %s", async (_what, parts, field) => {
  const who = principal();
  expect(await failureOf(put(storage(), who, parts))).toEqual(invalid(field));
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0));
});

test("InvalidArgument: more bytes than one upload may have", async () => {
  await using small = await startStorage({ uploadBytesMax: 1500 });
  const call = put(small, principal(), [header(), chunk(someBytes), chunk(someBytes)]);
  expect(await failureOf(call)).toEqual({
    code: "InvalidArgument",
    reason: "CONTENT_TOO_LARGE",
    metadata: { limit_bytes: "1500" },
  });
});

test("ResourceExhausted: bytes that pass the quota, and nothing is left", async () => {
  const who = principal();
  await setQuota(storage(), who, 1500);
  const parts = [header(), chunk(someBytes), chunk(someBytes)];
  expect(await failureOf(put(storage(), who, parts))).toMatchObject({
    code: "ResourceExhausted",
    reason: "QUOTA_EXCEEDED",
  });
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0));
});

test("DeadlineExceeded: a stream that stops, and nothing is left", async () => {
  await using impatient = await startStorage({ uploadIdleMs: 50 });
  const who = principal();
  const { promise: never } = Promise.withResolvers<never>();
  const { putBlob: open } = impatient.client(BlobService, who, "staging");
  expect(await failureOf(open(stream([header(), chunk(someBytes)], never)))).toEqual({
    code: "DeadlineExceeded",
  });
  expect(await usageOf(impatient, who)).toEqual(usage(0, 0));
  expect(await filesIn(impatient.directory)).toEqual([]);
});

test("Unavailable: kill -9 in the middle, and nothing is left after a restart", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  await using killed = await spawnStorage(database, folder.path);
  const who = principal();
  const { promise: never } = Promise.withResolvers<never>();
  const { putBlob: open } = killed.client(BlobService, who, "staging");
  const stuck = failureOf(open(stream([header(), chunk(someBytes)], never)));
  await expect.poll(() => filesIn(folder.path)).toHaveLength(1);
  await expect.poll(() => usageOf(killed, who)).toEqual(usage(0, 0, 16 * mib));
  await killed.kill();
  expect(await stuck).toMatchObject({ code: "Unavailable" });
  const thorough = { heartbeatLostMs: 200, heartbeatMs: 20, graceMs: 0, collectMs: 20, searchMs: 0 };
  await using restarted = await startStorageIn(database, folder.path, thorough);
  await expect.poll(() => filesIn(folder.path)).toEqual([]);
  await expect.poll(() => usageOf(restarted, who)).toEqual(usage(0, 0));
});

test("ResourceExhausted: a full disk, and nothing is left", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  await using bounded = await spawnStorage(database, folder.path, { fileBytesMax: 2 * mib });
  const who = principal();
  expect(await failureOf(putBlob(bounded, who, { content: generated(4 * mib, 71) }))).toEqual({
    code: "ResourceExhausted",
    reason: "DISK_FULL",
    metadata: {},
  });
  expect(await usageOf(bounded, who)).toEqual(usage(0, 0));
  expect(await filesIn(folder.path)).toEqual([]);
});

test.each(["edge", "orchestration", "approval", "storage"])("PermissionDenied: %s", async (process) => {
  expect(await failureOf(put(storage(), principal(), [header()], process))).toEqual(internalOnly);
  const request = { ownerId: randomUUID() };
  expect(await failureOf(deleteBlobs(principal(), request, process))).toEqual(internalOnly);
});
