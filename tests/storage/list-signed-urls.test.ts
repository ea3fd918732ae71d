import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { SignedUrlOperation, SignedUrlService } from "../../gen/sluice/storage/v1/signed_urls_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage, upload } from "./fixtures.ts";

const storage = forFile(startStorage);
const as = (who: Principal) => storage().client(SignedUrlService, who);

test("OK: the organisation's URLs, newest first, without their tokens", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  const read = await storage().client(FileService, who).createSignedUrl({ fileId, usesMax: 5 });
  const put = await as(who).createUploadUrl({ name: "a.csv", sizeBytesMax: 7n });
  await as(principal()).createUploadUrl({ name: "foreign.csv" });
  const { signedUrls, nextPageToken } = await as(who).listSignedUrls({});
  expect(nextPageToken).toBe("");
  const common = { namespace: "default", creatorUserId: who.userId, useCount: 0 };
  expect(signedUrls).toMatchObject([
    {
      ...common,
      urlId: put.urlId,
      operation: SignedUrlOperation.UPLOAD,
      name: "a.csv",
      fileId: "",
      usesMax: 1,
      sizeBytesMax: 7n,
    },
    {
      ...common,
      urlId: read.urlId,
      operation: SignedUrlOperation.READ,
      name: "",
      fileId,
      usesMax: 5,
      sizeBytesMax: 0n,
    },
  ]);
  const text = JSON.stringify(signedUrls, (_, value) => (typeof value === "bigint" ? String(value) : value));
  for (const { url } of [read, put]) expect(text).not.toContain(url.split("/").at(-1));
});

test("OK: pages, a filter and a total", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  const files = storage().client(FileService, who);
  const { urlId } = await files.createSignedUrl({ fileId });
  for (const name of ["a", "b"]) await as(who).createUploadUrl({ name });
  const first = await as(who).listSignedUrls({ pageSize: 2, showTotal: true });
  expect([first.signedUrls.length, first.totalSize]).toEqual([2, 3]);
  const { nextPageToken: pageToken } = first;
  const rest = await as(who).listSignedUrls({ pageSize: 2, showTotal: true, pageToken });
  expect(rest.signedUrls.map((url) => url.urlId)).toEqual([urlId]);
  const filtered = await as(who).listSignedUrls({ filter: `file_id = "${fileId}"` });
  expect(filtered.signedUrls.map((url) => url.urlId)).toEqual([urlId]);
});

test("OK: only URLs of namespaces in which the caller may read", async () => {
  const who = principal();
  await as(who).createUploadUrl({ name: "a" });
  const elsewhere = { ...who, roles: [], grants: [{ namespace: "other", roles: ["viewer"] }] };
  expect((await as(elsewhere).listSignedUrls({})).signedUrls).toEqual([]);
  expect((await as(who).listSignedUrls({ namespace: "other" })).signedUrls).toEqual([]);
});

test("OK: a URL leaves the list a day after its expiry", async () => {
  await using collecting = await startStorage({ collectMs: 50 });
  const who = principal();
  const urls = collecting.client(SignedUrlService, who);
  const [kept, old] = [await urls.createUploadUrl({ name: "a" }), await urls.createUploadUrl({ name: "b" })];
  const age = (urlId: string, interval: string) => collecting.database.sql`
    update storage.signed_urls set expire_time = now() - ${interval}::interval where url_id = ${urlId}`;
  await age(kept.urlId, "23 hours");
  await age(old.urlId, "25 hours");
  const listed = async () => (await urls.listSignedUrls({})).signedUrls.map(({ urlId }) => urlId);
  await expect.poll(listed, { timeout: 20_000 }).toEqual([kept.urlId]);
});

test("InvalidArgument: a filter, an order and a page token that can't be read", async () => {
  const list = (request: object) => failureOf(as(principal()).listSignedUrls(request));
  expect(await list({ filter: "soup = 1" })).toMatchObject({
    code: "InvalidArgument",
    reason: "FILTER_INVALID",
  });
  expect(await list({ orderBy: "soup" })).toMatchObject({
    code: "InvalidArgument",
    reason: "FILTER_INVALID",
  });
  expect(await list({ pageToken: "soup" })).toMatchObject({
    code: "InvalidArgument",
    reason: "PAGE_TOKEN_INVALID",
  });
});

test("PermissionDenied: somebody without a role", async () => {
  const who = principal({ roles: [] });
  expect(await failureOf(as(who).listSignedUrls({}))).toEqual(lacking("storage.files.read"));
});
