import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { SignedUrlService } from "../../gen/sluice/storage/v1/signed_urls_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, readSigned, startStorage, upload } from "./fixtures.ts";

const storage = forFile(startStorage);
const notFound = { code: "NotFound", reason: "RESOURCE_NOT_FOUND", metadata: {} };

const signFor = async (who: Principal) => {
  const { fileId } = await upload(storage(), who);
  return storage().client(FileService, who).createSignedUrl({ fileId });
};
const revoke = (who: Principal, urlId: string) =>
  storage().client(SignedUrlService, who).revokeSignedUrl({ urlId });

test("OK: the URL reads nothing any more, and others do; again is no error", async () => {
  const who = principal();
  const { url, urlId } = await signFor(who);
  const other = await signFor(who);
  await revoke(who, urlId);
  expect(await failureOf(readSigned(storage(), { url }))).toEqual(notFound);
  expect((await readSigned(storage(), other)).status).toBe(200);
  const listed = async () =>
    (await storage().client(SignedUrlService, who).listSignedUrls({})).signedUrls.find(
      (one) => one.urlId === urlId,
    )?.revokeTime;
  const time = await listed();
  expect(time).toBeDefined();
  await revoke(who, urlId);
  expect(await listed()).toEqual(time);
});

test("OK: users revoke their own URLs, and editors all", async () => {
  const editor = principal();
  const viewer = { ...editor, userId: randomUUID(), roles: ["viewer"] };
  const { fileId } = await upload(storage(), editor);
  const own = await storage().client(FileService, viewer).createSignedUrl({ fileId });
  await revoke(viewer, own.urlId);
  const other = await storage().client(FileService, viewer).createSignedUrl({ fileId });
  await revoke(editor, other.urlId);
  for (const { url } of [own, other])
    expect(await failureOf(readSigned(storage(), { url }))).toEqual(notFound);
});

test("PermissionDenied: another user's URL without the permission to write, and nobody's without a role", async () => {
  const editor = principal();
  const { urlId, url } = await signFor(editor);
  const viewer = { ...editor, userId: randomUUID(), roles: ["viewer"] };
  expect(await failureOf(revoke(viewer, urlId))).toEqual(lacking("storage.files.write"));
  expect(await failureOf(revoke({ ...editor, roles: [] }, urlId))).toEqual(lacking("storage.files.read"));
  expect((await readSigned(storage(), { url })).status).toBe(200);
});

test("NotFound: an unknown URL, and another organisation's", async () => {
  const { urlId } = await signFor(principal());
  for (const id of [urlId, randomUUID()]) {
    expect(await failureOf(revoke(principal(), id))).toEqual(missing("signed URL", id));
  }
});

test("InvalidArgument: an id that is none", async () => {
  expect(await failureOf(revoke(principal(), "me"))).toEqual({ code: "InvalidArgument", fields: ["url_id"] });
});
