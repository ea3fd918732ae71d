import { randomUUID } from "node:crypto";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, fileMissing, readSigned, startStorage, upload } from "./fixtures.ts";
import { putBlob } from "./release-fixtures.ts";

const storage = forFile(startStorage);

const signBlobs = (who: Principal, fileIds: string[], lifetimeMs = 60_000, process = "staging") =>
  storage()
    .client(BlobService, who, process)
    .signBlobs({ fileIds, lifetime: durationFromMs(lifetimeMs) });

test("OK: URLs of several files, in their order, also of staged ones", async () => {
  const who = principal();
  const staged = await putBlob(storage(), who, { content: "staged" });
  const uploaded = await upload(storage(), who, { content: "uploaded" });
  const { urls } = await signBlobs(who, [staged.fileId, uploaded.fileId.toUpperCase(), staged.fileId]);
  const contents = await Promise.all(urls.map(async (url) => (await readSigned(storage(), { url })).bytes));
  expect(contents.map(String)).toEqual(["staged", "uploaded", "staged"]);
  expect(await signBlobs(who, [])).toMatchObject({ urls: [] });
});

test("NotFound: one of the files is unknown, or another organisation's", async () => {
  const who = principal();
  const { fileId: mine } = await upload(storage(), who);
  const { fileId: foreign } = await upload(storage(), principal());
  for (const fileId of [randomUUID(), foreign]) {
    expect(await failureOf(signBlobs(who, [mine, fileId]))).toEqual(fileMissing(fileId));
  }
});

test("InvalidArgument: a lifetime below a second, an id that is none, more than 1000 files", async () => {
  const who = principal();
  const invalid = (field: string) => ({ code: "InvalidArgument", fields: [field] });
  expect(await failureOf(signBlobs(who, [randomUUID()], 999))).toEqual(invalid("lifetime"));
  expect(await failureOf(signBlobs(who, ["me"]))).toEqual(invalid("file_ids[0]"));
  const tooMany = Array.from({ length: 1001 }, () => randomUUID());
  expect(await failureOf(signBlobs(who, tooMany))).toEqual(invalid("file_ids"));
});

test.each(["edge", "orchestration", "approval"])("PermissionDenied: %s", async (process) => {
  const call = signBlobs(principal(), [randomUUID()], 1000, process);
  expect(await failureOf(call)).toMatchObject({ code: "PermissionDenied", reason: "PERMISSION_MISSING" });
});
