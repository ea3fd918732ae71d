import { expect, test } from "vitest";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { SignedUrlService } from "../../gen/sluice/storage/v1/signed_urls_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { startStorage, upload } from "../storage/fixtures.ts";
import { newOrgWith, startStorageWithIdentity } from "../storage/namespaces.ts";
import { http1 } from "./lib/raw-http.ts";
import { startTestEdge } from "./lib/test-edge.ts";

const who = principal();
const storage = forFile(startStorage);
const edge = forFile(() =>
  startTestEdge({
    services: [FileService, SignedUrlService, BlobService],
    upstreams: { storage: storage().address },
    storageDirectory: storage().directory,
  }),
);
const scene = forFile(startStorageWithIdentity);
const uploads = forFile(() =>
  startTestEdge({
    services: [FileService, SignedUrlService],
    upstreams: { storage: scene().storage.address },
  }),
);

const read = (url: string, method = "GET", headers: Record<string, string> = {}) =>
  http1(edge().port, url, { method, headers });

async function sign(usesMax = 0) {
  const { fileId } = await upload(storage(), who, { content: "0123456789" });
  const signed = await storage().client(FileService, who).createSignedUrl({ fileId, usesMax });
  return { ...signed, fileId };
}

test("404: a URL that is used up; HEAD is no use, and says what GET would", async () => {
  const { url } = await sign(2);
  for (let round = 0; round < 3; round += 1) {
    const { status, headers, body } = await read(url, "HEAD");
    expect([status, headers["content-length"], body]).toEqual([200, "10", ""]);
  }
  expect((await read(url)).body).toBe("0123456789");
  expect((await read(url, "GET", { range: "bytes=0-0,9-9" })).status).toBe(206);
  for (const method of ["GET", "HEAD"]) expect((await read(url, method)).status).toBe(404);
});

test("404: a URL whose content the edge has cached, right after its revocation", async () => {
  const one = await sign();
  const other = await sign();
  for (const { url } of [one, other, one, other]) expect((await read(url)).status).toBe(200);
  await storage().client(SignedUrlService, who).revokeSignedUrl({ urlId: one.urlId });
  expect([(await read(one.url)).status, (await read(other.url)).status]).toEqual([404, 200]);
  await storage().client(SignedUrlService, who).revokeFileUrls({ fileId: other.fileId });
  expect((await read(other.url)).status).toBe(404);
});

test("404: the URL of a staged file, which the edge has cached, right after its revocation", async () => {
  const { fileId } = await upload(storage(), who, { content: "0123456789" });
  const lifetime = { seconds: 60n };
  const { urls } = await storage()
    .client(BlobService, who, "staging")
    .signBlobs({ fileIds: [fileId], lifetime });
  const url = urls[0] ?? "";
  for (let round = 0; round < 2; round += 1) expect((await read(url)).status).toBe(200);
  await storage().client(SignedUrlService, who).revokeFileUrls({ fileId });
  expect((await read(url)).status).toBe(404);
});

test("400: a GET that asks for the head alone in its query", async () => {
  const { url } = await sign();
  expect((await read(`${url}?head_only=true`)).status).toBe(400);
  expect((await read(`${url}?headOnly=true`)).status).toBe(400);
});

test("201: a file by PUT, as a raw body and as a form, without a credential", async () => {
  const admin = await newOrgWith(scene().identity);
  const urls = scene().storage.client(SignedUrlService, admin);
  const form = [
    "--x",
    'content-disposition: form-data; name="file"; filename="other.bin"',
    "content-type: image/png",
    "",
    "a,b\n1,2\n",
    "--x--",
    "",
  ].join("\r\n");
  for (const [body, type] of [
    ["a,b\n1,2\n", "image/png"],
    [form, "multipart/form-data; boundary=x"],
  ] as const) {
    const { url } = await urls.createUploadUrl({ name: "mine.csv", sizeBytesMax: 8n });
    const put = () => http1(uploads().port, url, { method: "PUT", headers: { "content-type": type }, body });
    const answer = await put();
    expect([answer.status, JSON.parse(answer.body).file]).toMatchObject([
      201,
      { name: "mine.csv", contentType: "text/csv", sizeBytes: "8", creatorUserId: admin.userId },
    ]);
    expect((await put()).status).toBe(404);
  }
});

test("404: a token that is none, for GET, HEAD and PUT alike", async () => {
  for (const method of ["GET", "HEAD", "PUT"]) {
    const answer = await http1(edge().port, `/api/v1/storage/signed/${"A".repeat(108)}`, { method });
    expect(answer.status).toBe(404);
  }
});

test("413: an upload that is larger than the URL allows, by its Content-Length", async () => {
  const admin = await newOrgWith(scene().identity);
  const { url } = await scene()
    .storage.client(SignedUrlService, admin)
    .createUploadUrl({ name: "mine.csv", sizeBytesMax: 8n });
  const answer = await http1(uploads().port, url, { method: "PUT", body: "123456789" });
  expect([answer.status, JSON.parse(answer.body).error.details[0].reason]).toEqual([
    413,
    "CONTENT_TOO_LARGE",
  ]);
});
