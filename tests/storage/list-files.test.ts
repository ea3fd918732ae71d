import type { MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  FileCategory,
  FileService,
  type ListFilesRequestSchema,
} from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage, upload } from "./fixtures.ts";
import { publish, stagedFile } from "./release-fixtures.ts";

const storage = forFile(startStorage);
const listFiles = (who: Principal, request: MessageInitShape<typeof ListFilesRequestSchema> = {}) =>
  storage().client(FileService, who).listFiles(request);
const namesOf = ({ files }: { files: { name: string }[] }) => files.map(({ name }) => name);

test("OK: ListFiles answers the organisation's files, oldest first, and nobody else's", async () => {
  const who = principal();
  const files = [];
  for (const name of ["b", "a", "c"]) files.push(await upload(storage(), who, { name }));
  await upload(storage(), principal());
  expect(await listFiles(who)).toEqual({
    $typeName: "sluice.storage.v1.ListFilesResponse",
    files,
    nextPageToken: "",
  });
});

test("OK: ListFiles goes page by page, and what is added meanwhile comes last", async () => {
  const who = principal();
  for (const name of ["1", "2", "3"]) await upload(storage(), who, { name });
  const first = await listFiles(who, { pageSize: 2 });
  await upload(storage(), who, { name: "4" });
  const second = await listFiles(who, { pageSize: 2, pageToken: first.nextPageToken });
  expect([namesOf(first), namesOf(second), second.nextPageToken]).toEqual([["1", "2"], ["3", "4"], ""]);
});

test.each([
  [{ prefix: "100%" }, ["100%_a.csv"]],
  [{ prefix: "100%_" }, ["100%_a.csv"]],
  [{ prefix: "100" }, ["100%_a.csv", "100xxa.json"]],
  [{ prefix: "\\" }, []],
  [{ contentType: "text/csv" }, ["100%_a.csv", "other.csv"]],
  [{ prefix: "100", contentType: "application/json" }, ["100xxa.json"]],
])("OK: ListFiles with %o", async (filter, names) => {
  const who = principal();
  for (const name of ["100%_a.csv", "100xxa.json", "other.csv"]) await upload(storage(), who, { name });
  expect(namesOf(await listFiles(who, filter))).toEqual(names);
});

test("OK: ListFiles of a category", async () => {
  const who = principal();
  await upload(storage(), who, { name: "uploaded" });
  const staged = await stagedFile(storage(), who, { path: "staged" });
  await publish(storage(), who, [{ ...staged, path: "a/released" }]);
  const listed = async (category: FileCategory) => namesOf(await listFiles(who, { category }));
  expect(await listed(FileCategory.UPLOAD)).toEqual(["uploaded"]);
  expect(await listed(FileCategory.STAGING)).toEqual(["staged"]);
  expect(await listed(FileCategory.RELEASE)).toEqual(["released"]);
  expect(await listed(FileCategory.UNSPECIFIED)).toEqual(["uploaded", "staged", "released"]);
});

test("InvalidArgument: ListFiles with the page token of another filter, or none at all", async () => {
  const who = principal();
  for (const name of ["1", "2"]) await upload(storage(), who, { name });
  const { nextPageToken } = await listFiles(who, { pageSize: 1 });
  for (const request of [
    { pageToken: nextPageToken, prefix: "1" },
    { pageToken: nextPageToken, category: FileCategory.UPLOAD },
    { pageToken: "soup" },
  ]) {
    expect(await failureOf(listFiles(who, request))).toEqual({
      code: "InvalidArgument",
      reason: "PAGE_TOKEN_INVALID",
      metadata: {},
    });
  }
});

test.each([
  [{ pageSize: -1 }, "page_size"],
  [{ pageSize: 1001 }, "page_size"],
  [{ pageToken: "x".repeat(1025) }, "page_token"],
  [{ prefix: "x".repeat(256) }, "prefix"],
  [{ category: 4 as FileCategory }, "category"],
  [{ contentType: "x".repeat(256) }, "content_type"],
])("InvalidArgument: ListFiles with %o", async (request, field) => {
  expect(await failureOf(listFiles(principal(), request))).toEqual({
    code: "InvalidArgument",
    fields: [field],
  });
});

test("InvalidArgument: ListFiles with a text that no row can have", async () => {
  expect(await failureOf(listFiles(principal(), { prefix: "\0" }))).toEqual({ code: "InvalidArgument" });
});

test("PermissionDenied: somebody without a role", async () => {
  expect(await failureOf(listFiles(principal({ roles: [] })))).toEqual(lacking("storage.files.read"));
});
