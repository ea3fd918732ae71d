import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { SignedUrlService } from "../../gen/sluice/storage/v1/signed_urls_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { createSignedUrls } from "../../services/storage/sign/signed-urls.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  failureOf,
  fileMissing,
  lacking,
  readSigned,
  startStorage,
  upload,
  urlSigningKey,
} from "./fixtures.ts";

const storage = forFile(startStorage);
const notFound = { code: "NotFound", reason: "RESOURCE_NOT_FOUND", metadata: {} };

const revoke = (who: Principal, fileId: string) =>
  storage().client(SignedUrlService, who).revokeFileUrls({ fileId });

async function urlsOf(who: Principal, fileId: string): Promise<string[]> {
  const { url } = await storage().client(FileService, who).createSignedUrl({ fileId });
  const { urls } = await storage()
    .client(BlobService, who, "staging")
    .signBlobs({ fileIds: [fileId], lifetime: { seconds: 60n } });
  return [url, ...urls];
}

const status = async (url: string) => (await readSigned(storage(), { url })).status;

test("OK: no URL of the file reads it any more, stored or not; later ones and other files' do", async () => {
  const who = principal();
  const [{ fileId }, other] = [
    await upload(storage(), who),
    await upload(storage(), who, { content: "other" }),
  ];
  const signedUrls = createSignedUrls({ key: urlSigningKey, publicUrl: "" });
  const expireTime = new Date(Date.now() + 60_000);
  const before = [
    ...(await urlsOf(who, fileId)),
    signedUrls.urlFor({ kind: "file", orgId: who.orgId, fileId, generation: 0, expireTime }),
  ];
  const others = await urlsOf(who, other.fileId);
  for (let round = 0; round < 2; round += 1) {
    for (const url of before) if (round === 0) expect(await status(url)).toBe(200);
    await revoke(who, fileId);
    for (const url of before) expect(await failureOf(readSigned(storage(), { url }))).toEqual(notFound);
    const later = await urlsOf(who, fileId);
    for (const url of [...later, ...others]) expect(await status(url)).toBe(200);
    before.push(...later);
  }
});

test("NotFound: an unknown file, and another organisation's", async () => {
  const { fileId } = await upload(storage(), principal());
  for (const id of [fileId, randomUUID()]) {
    expect(await failureOf(revoke(principal(), id))).toEqual(fileMissing(id));
  }
});

test("PermissionDenied: a viewer", async () => {
  const viewer = principal({ roles: ["viewer"] });
  expect(await failureOf(revoke(viewer, randomUUID()))).toEqual(lacking("storage.files.write"));
});

test("InvalidArgument: an id that is none", async () => {
  expect(await failureOf(revoke(principal(), "me"))).toEqual({
    code: "InvalidArgument",
    fields: ["file_id"],
  });
});
