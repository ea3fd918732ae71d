import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { PreviewService, type PreviewTextRequestSchema } from "../../gen/sluice/storage/v1/previews_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { blobPath, failureOf, fileMissing, flipByte, lacking, startStorage, upload } from "./fixtures.ts";

const storage = forFile(startStorage);
const who = principal();

const preview = async (request: MessageInitShape<typeof PreviewTextRequestSchema>, by: Principal = who) => {
  const { $typeName: _, ...page } = await storage().client(PreviewService, by).previewText(request);
  return page;
};

test("OK: a text as a whole, without its byte order mark", async () => {
  const { fileId } = await upload(storage(), who, { content: "\ufeffgröße\n1\n" });
  expect(await preview({ fileId })).toEqual({
    text: "größe\n1\n",
    charset: "utf-8",
    offsetBytes: 3n,
    nextOffsetBytes: 13n,
    sizeBytes: 13n,
  });
  const empty = await upload(storage(), who, { content: "" });
  expect(await preview({ fileId: empty.fileId })).toMatchObject({
    text: "",
    nextOffsetBytes: 0n,
    sizeBytes: 0n,
  });
});

test("OK: page after page of a text, none of which cuts a character", async () => {
  const content = "日本語テキスト🙂".repeat(50);
  const { fileId } = await upload(storage(), who, { content });
  let [text, pages, offsetBytes] = ["", 0, 0n];
  for (let done = false; !done; pages += 1) {
    const page = await preview({ fileId, offsetBytes, pageBytes: 100 });
    text += page.text;
    offsetBytes = page.nextOffsetBytes;
    done = page.nextOffsetBytes === page.sizeBytes;
  }
  expect([text, pages]).toEqual([content, 13]);
});

test("OK: a text in another encoding", async () => {
  const { fileId } = await upload(storage(), who, { content: Buffer.from("größe", "latin1") });
  expect(await preview({ fileId })).toMatchObject({ text: "größe", charset: "windows-1252" });
});

test("FailedPrecondition: a file that is no text, whatever its name and type say", async () => {
  const { fileId } = await upload(storage(), who, {
    name: "a.txt",
    content: Buffer.from([80, 75, 3, 4, 0, 0]),
  });
  expect(await failureOf(preview({ fileId }))).toEqual({
    code: "FailedPrecondition",
    reason: "PREVIEW_UNAVAILABLE",
    metadata: { file: fileId },
  });
});

test("OutOfRange: an offset beyond the end", async () => {
  const { fileId } = await upload(storage(), who, { content: "abc" });
  expect((await preview({ fileId, offsetBytes: 3n })).text).toBe("");
  expect(await failureOf(preview({ fileId, offsetBytes: 4n }))).toEqual({
    code: "OutOfRange",
    reason: "RANGE_NOT_SATISFIABLE",
    metadata: { size_bytes: "3" },
  });
});

test("NotFound: an unknown file, and another organisation's", async () => {
  const foreign = await upload(storage(), principal());
  for (const id of [foreign.fileId, randomUUID()]) {
    expect(await failureOf(preview({ fileId: id }))).toEqual(fileMissing(id));
  }
});

test("DataLoss: damaged bytes", async () => {
  const { fileId, sha256 } = await upload(storage(), who, { content: "a text to be damaged" });
  await flipByte(join(storage().directory, blobPath(who, sha256)), 3);
  expect(await failureOf(preview({ fileId }))).toMatchObject({ code: "DataLoss", reason: "CONTENT_CORRUPT" });
});

test("InvalidArgument: an id, an offset and a size of pages that can't be", async () => {
  const invalid = (field: string) => ({ code: "InvalidArgument", fields: [field] });
  const fileId = randomUUID();
  expect(await failureOf(preview({ fileId: "me" }))).toEqual(invalid("file_id"));
  expect(await failureOf(preview({ fileId, offsetBytes: -1n }))).toEqual(invalid("offset_bytes"));
  for (const pageBytes of [15, 262_145]) {
    expect(await failureOf(preview({ fileId, pageBytes }))).toEqual(invalid("page_bytes"));
  }
});

test("PermissionDenied: somebody without a role", async () => {
  const nobody = principal({ roles: [] });
  expect(await failureOf(preview({ fileId: randomUUID() }, nobody))).toEqual(lacking("storage.files.read"));
});
