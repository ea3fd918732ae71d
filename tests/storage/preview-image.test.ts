import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PreviewService } from "../../gen/sluice/storage/v1/previews_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { collectBody } from "./archives.ts";
import {
  blobPath,
  failureOf,
  fileMissing,
  flipByte,
  lacking,
  mib,
  startStorage,
  upload,
} from "./fixtures.ts";

const storage = forFile(startStorage);
const who = principal();

const preview = (fileId: string, ifNoneMatch = "", by: Principal = who) =>
  collectBody(storage().client(PreviewService, by).previewImage({ fileId, ifNoneMatch }));

const image = (start: string) => Buffer.concat([Buffer.from(start, "latin1"), Buffer.alloc(40, 1)]);

test.each([
  ["image/png", "\x89PNG\r\n\x1a\n"],
  ["image/jpeg", "\xff\xd8\xff\xe0"],
  ["image/gif", "GIF89a"],
  ["image/webp", "RIFF\x00\x00\x00\x00WEBP"],
  ["image/avif", "\x00\x00\x00\x20ftypavif"],
])("OK: %s by its first bytes, inline, whatever its name says", async (type, start) => {
  const content = image(start);
  const { fileId, sha256 } = await upload(storage(), who, {
    name: "a.html",
    contentType: "text/html",
    content,
  });
  const { status, headers, bytes } = await preview(fileId);
  expect([status, bytes.equals(content)]).toEqual([200, true]);
  expect(headers).toMatchObject({
    "content-type": type,
    "content-length": String(content.length),
    "content-disposition": 'inline; filename="a.html"',
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    etag: `"${sha256}"`,
  });
  expect((await preview(fileId, `"${sha256}"`)).status).toBe(304);
});

const unavailable = (fileId: string) => ({
  code: "FailedPrecondition",
  reason: "PREVIEW_UNAVAILABLE",
  metadata: { file: fileId },
});

test.each([
  ["a page", "image/png", Buffer.from("<html><script>alert(1)</script>")],
  ["SVG, which can have scripts", "image/svg+xml", Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>")],
  ["nothing", "image/png", Buffer.alloc(0)],
  ["more than 32 MiB", "image/png", Buffer.concat([image("\x89PNG\r\n\x1a\n"), Buffer.alloc(32 * mib)])],
])("FailedPrecondition: %s", async (_title, contentType, content) => {
  const { fileId } = await upload(storage(), who, { name: "a.png", contentType, content });
  expect(await failureOf(preview(fileId))).toEqual(unavailable(fileId));
});

test("NotFound: an unknown file, and another organisation's", async () => {
  const foreign = await upload(storage(), principal());
  for (const id of [foreign.fileId, randomUUID()])
    expect(await failureOf(preview(id))).toEqual(fileMissing(id));
});

test("DataLoss: damaged bytes", async () => {
  const { fileId, sha256 } = await upload(storage(), who, { content: image("GIF87a") });
  await flipByte(join(storage().directory, blobPath(who, sha256)), 30);
  expect(await failureOf(preview(fileId))).toMatchObject({ code: "DataLoss", reason: "CONTENT_CORRUPT" });
});

test("InvalidArgument: an id that is none", async () => {
  expect(await failureOf(preview("me"))).toEqual({ code: "InvalidArgument", fields: ["file_id"] });
});

test("PermissionDenied: somebody without a role", async () => {
  const nobody = principal({ roles: [] });
  expect(await failureOf(preview(randomUUID(), "", nobody))).toEqual(lacking("storage.files.read"));
});
