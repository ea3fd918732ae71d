import { timestampMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { SignedUrlOperation, SignedUrlService } from "../../gen/sluice/storage/v1/signed_urls_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { newOrgWith, only, startStorageWithIdentity } from "./namespaces.ts";

const scene = forFile(startStorageWithIdentity);
const as = (who: Principal) => scene().storage.client(SignedUrlService, who);

test("OK: a URL for one upload within an hour, which the list has", async () => {
  const admin = await newOrgWith(scene().identity, "team");
  const before = Date.now();
  const { url, urlId, expireTime } = await as(admin).createUploadUrl({
    name: "größe.csv",
    namespace: "team",
  });
  expect(url).toMatch(/^\/api\/v1\/storage\/signed\/[\w-]{108}$/);
  const lifetimeMs = (expireTime ? timestampMs(expireTime) : 0) - before;
  expect(lifetimeMs).toBeGreaterThanOrEqual(3_600_000 - 1);
  expect(lifetimeMs).toBeLessThan(3_700_000);
  const { signedUrls } = await as(admin).listSignedUrls({});
  expect(signedUrls).toMatchObject([
    {
      urlId,
      operation: SignedUrlOperation.UPLOAD,
      fileId: "",
      name: "größe.csv",
      namespace: "team",
      creatorUserId: admin.userId,
      expireTime,
      usesMax: 1,
      useCount: 0,
      sizeBytesMax: 5n * 1024n ** 4n,
    },
  ]);
});

test("NotFound: a namespace that is unknown, or outside of the caller's", async () => {
  const admin = await newOrgWith(scene().identity, "here", "there");
  for (const [who, namespace] of [
    [admin, "nowhere"],
    [only(admin, "here", "editor"), "there"],
  ] as const) {
    expect(await failureOf(as(who).createUploadUrl({ name: "a.csv", namespace }))).toEqual(
      missing("namespace", namespace),
    );
  }
});

test("InvalidArgument: a name, a size, a number of uses and a lifetime that can't be", async () => {
  const admin = await newOrgWith(scene().identity);
  for (const [request, field] of [
    [{ name: "../a.csv" }, "name"],
    [{ name: "" }, "name"],
    [{ sizeBytesMax: -1n }, "size_bytes_max"],
    [{ usesMax: 1001 }, "uses_max"],
    [{ lifetime: { seconds: 604_801n } }, "lifetime"],
    [{ contentType: "text/csv\r\nx: y" }, "content_type"],
  ] as const) {
    expect(await failureOf(as(admin).createUploadUrl({ name: "a.csv", ...request }))).toEqual({
      code: "InvalidArgument",
      fields: [field],
    });
  }
});

test("PermissionDenied: a viewer", async () => {
  const admin = await newOrgWith(scene().identity);
  const viewer = { ...admin, roles: ["viewer"] };
  expect(await failureOf(as(viewer).createUploadUrl({ name: "a.csv" }))).toEqual(
    lacking("storage.files.write"),
  );
});
