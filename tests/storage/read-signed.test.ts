import { join } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { type CreateSignedUrlRequestSchema, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { SignedUrlService } from "../../gen/sluice/storage/v1/signed_urls_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { createSignedUrls } from "../../services/storage/sign/signed-urls.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  blobPath,
  failureOf,
  flipByte,
  generated,
  mib,
  readSigned,
  startStorage,
  upload,
  urlSigningKey,
} from "./fixtures.ts";

const storage = forFile(startStorage);
const notFound = { code: "NotFound", reason: "RESOURCE_NOT_FOUND", metadata: {} };
const hour = 3_600_000;

const sign = (who: Principal, request: MessageInitShape<typeof CreateSignedUrlRequestSchema>) =>
  storage().client(FileService, who).createSignedUrl(request);

const fileGrant = ({ orgId }: Principal, fileId: string) =>
  ({ kind: "file", orgId, fileId, generation: 0, expireTime: new Date(Date.now() + hour) }) as const;

test("OK: ranges and conditions count as for a download", async () => {
  const who = principal();
  const { fileId, sha256 } = await upload(storage(), who, { content: "0123456789" });
  const { url } = await sign(who, { fileId });
  const part = await readSigned(storage(), { url, range: "bytes=2-4", ifRange: `"${sha256}"` });
  expect([part.status, part.headers["content-range"], part.bytes.toString()]).toEqual([
    206,
    "bytes 2-4/10",
    "234",
  ]);
  expect((await readSigned(storage(), { url, range: "bytes=2-4", ifRange: '"other"' })).status).toBe(200);
  expect((await readSigned(storage(), { url, ifNoneMatch: `"${sha256}"` })).status).toBe(304);
});

test("NotFound: a URL whose time is over, to the millisecond", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  const signedUrls = createSignedUrls({ key: urlSigningKey, publicUrl: "" });
  const urlUntil = (ms: number) =>
    signedUrls.urlFor({ ...fileGrant(who, fileId), expireTime: new Date(Date.now() + ms) });
  expect((await readSigned(storage(), { url: urlUntil(60_000) })).status).toBe(200);
  expect(await failureOf(readSigned(storage(), { url: urlUntil(0) }))).toEqual(notFound);
});

test("NotFound: a file that is removed is gone for its URL", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  const { url } = await sign(who, { fileId });
  await storage().client(FileService, who).deleteFile({ fileId });
  expect(await failureOf(readSigned(storage(), { url }))).toEqual(notFound);
});

test("NotFound: a token of which any character was changed", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  const token = (await sign(who, { fileId })).url.split("/").at(-1) ?? "";
  const { open } = createSignedUrls({ key: urlSigningKey, publicUrl: "" });
  expect(open(token)).toMatchObject({ kind: "url" });
  for (let index = 0; index < token.length; index += 1) {
    const other = token[index] === "A" ? "B" : "A";
    expect(open(token.slice(0, index) + other + token.slice(index + 1))).toBeUndefined();
  }
  const url = `${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`;
  expect(await failureOf(readSigned(storage(), { url }))).toEqual(notFound);
});

test.each(["x", "a".repeat(96), "a".repeat(512), "%00", "é".repeat(96)])(
  "NotFound: a token that is none: %s",
  async (url) => {
    expect(await failureOf(readSigned(storage(), { url }))).toEqual(notFound);
  },
);

test("NotFound: a token that another key signed", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  const foreign = createSignedUrls({ key: Buffer.alloc(32, "another key"), publicUrl: "" });
  const url = foreign.urlFor(fileGrant(who, fileId));
  expect(await failureOf(readSigned(storage(), { url }))).toEqual(notFound);
});

test("OutOfRange: a range beyond the content", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who, { content: "0123456789" });
  const { url } = await sign(who, { fileId });
  expect(await failureOf(readSigned(storage(), { url, range: "bytes=10-" }))).toEqual({
    code: "OutOfRange",
    reason: "RANGE_NOT_SATISFIABLE",
    metadata: { size_bytes: "10", "content-range": "bytes */10" },
  });
});

test("DataLoss: stored bytes that are damaged", async () => {
  const who = principal();
  const { fileId, sha256 } = await upload(storage(), who, { content: "to be damaged in signed urls" });
  const { url } = await sign(who, { fileId });
  await flipByte(join(storage().directory, blobPath(who, sha256)), 3);
  expect(await failureOf(readSigned(storage(), { url, range: "bytes=0-1" }))).toEqual({
    code: "DataLoss",
    reason: "CONTENT_CORRUPT",
    metadata: { sha256 },
  });
});

test("OK: the file's bytes, without a credential", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who, { content: "0123456789" });
  const { status, bytes } = await readSigned(storage(), { url: (await sign(who, { fileId })).url });
  expect([status, bytes.toString()]).toEqual([200, "0123456789"]);
});

test("InvalidArgument: a token longer than 512 characters", async () => {
  expect(await failureOf(readSigned(storage(), { url: "a".repeat(513) }))).toEqual({
    code: "InvalidArgument",
    fields: ["token"],
  });
});

const uses = async (who: Principal, urlId: string) => {
  const { signedUrls } = await storage().client(SignedUrlService, who).listSignedUrls({});
  return signedUrls.find((url) => url.urlId === urlId)?.useCount;
};

test("NotFound: a URL that is used up; ranges are uses, and a 304, a HEAD and an error are none", async () => {
  const who = principal();
  const { fileId, sha256 } = await upload(storage(), who, { content: "0123456789" });
  const { url, urlId } = await sign(who, { fileId, usesMax: 2 });
  const head = await readSigned(storage(), { url, headOnly: true });
  expect([head.status, head.headers["content-length"], head.bytes.length]).toEqual([200, "10", 0]);
  expect((await readSigned(storage(), { url, ifNoneMatch: `"${sha256}"` })).status).toBe(304);
  expect(await failureOf(readSigned(storage(), { url, range: "bytes=10-" }))).toMatchObject({
    code: "OutOfRange",
  });
  expect(await uses(who, urlId)).toBe(0);
  expect((await readSigned(storage(), { url, range: "bytes=0-1" })).bytes.toString()).toBe("01");
  expect(await uses(who, urlId)).toBe(1);
  expect((await readSigned(storage(), { url })).bytes.toString()).toBe("0123456789");
  const asked = [{}, { range: "bytes=0-1" }, { headOnly: true }, { ifNoneMatch: `"${sha256}"` }];
  for (const more of asked)
    expect(await failureOf(readSigned(storage(), { url, ...more }))).toEqual(notFound);
  expect(await uses(who, urlId)).toBe(2);
});

test("OK: a damaged content costs no use", async () => {
  const who = principal();
  const { fileId, sha256 } = await upload(storage(), who, { content: "damaged, and to be read once" });
  const { url, urlId } = await sign(who, { fileId, usesMax: 1 });
  await flipByte(join(storage().directory, blobPath(who, sha256)), 3);
  expect(await failureOf(readSigned(storage(), { url }))).toMatchObject({ code: "DataLoss" });
  expect(await uses(who, urlId)).toBe(0);
});

test("NotFound: all but one of ten concurrent reads of a URL for one", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who, { content: "0123456789" });
  const { url } = await sign(who, { fileId, usesMax: 1 });
  const reads = await Promise.allSettled(Array.from({ length: 10 }, () => readSigned(storage(), { url })));
  expect(reads.filter(({ status }) => status === "fulfilled").length).toBe(1);
});

test("OK: the use of a URL is counted although its reader went away", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who, { content: generated(4 * mib) });
  const { url, urlId } = await sign(who, { fileId, usesMax: 1 });
  const token = url.slice(url.lastIndexOf("/") + 1);
  for await (const _ of storage().client(FileService, undefined).readSigned({ token })) break;
  expect(await uses(who, urlId)).toBe(1);
  expect(await failureOf(readSigned(storage(), { url }))).toEqual(notFound);
});

test("NotFound: a URL to upload", async () => {
  const who = principal();
  const { url } = await storage().client(SignedUrlService, who).createUploadUrl({ name: "a.csv" });
  expect(await failureOf(readSigned(storage(), { url }))).toEqual(notFound);
});
