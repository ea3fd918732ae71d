import type { MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  FileCategory,
  FileKind,
  FileService,
  type ListFilesRequestSchema,
} from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { correctUsage } from "./drift.ts";
import { failureOf, lacking, startStorage, upload } from "./fixtures.ts";
import { publish, stagedFile } from "./release-fixtures.ts";

const storage = forFile(startStorage);
const listFiles = (who: Principal, request: MessageInitShape<typeof ListFilesRequestSchema> = {}) =>
  storage().client(FileService, who).listFiles(request);
const namesOf = ({ files }: { files: { name: string }[] }) => files.map(({ name }) => name);

test("OK: ListFiles answers the organisation's files, newest first, and nobody else's", async () => {
  const who = principal();
  const files = [];
  for (const name of ["b", "a", "c"]) files.push(await upload(storage(), who, { name }));
  await upload(storage(), principal());
  expect(await listFiles(who)).toEqual({
    $typeName: "sluice.storage.v1.ListFilesResponse",
    files: files.toReversed(),
    prefixes: [],
    nextPageToken: "",
    totalSize: 0,
    totalSizeExceeded: false,
  });
});

test("OK: ListFiles goes page by page, and what is added meanwhile is not on later pages", async () => {
  const who = principal();
  for (const name of ["1", "2", "3"]) await upload(storage(), who, { name });
  const first = await listFiles(who, { pageSize: 2 });
  await upload(storage(), who, { name: "4" });
  const second = await listFiles(who, { pageSize: 2, pageToken: first.nextPageToken });
  expect([namesOf(first), namesOf(second), second.nextPageToken]).toEqual([["3", "2"], ["1"], ""]);
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
  expect(namesOf(await listFiles(who, { ...filter, orderBy: "name" }))).toEqual(names);
});

test("OK: ListFiles of a category, by default uploads", async () => {
  const who = principal();
  await upload(storage(), who, { name: "uploaded" });
  const staged = await stagedFile(storage(), who, { path: "staged" });
  await publish(storage(), who, [{ ...staged, path: "a/released" }]);
  const listed = async (category: FileCategory) => namesOf(await listFiles(who, { category }));
  expect(await listed(FileCategory.UPLOAD)).toEqual(["uploaded"]);
  expect(await listed(FileCategory.STAGING)).toEqual(["staged"]);
  expect(await listed(FileCategory.RELEASE)).toEqual(["released"]);
  expect(await listed(FileCategory.UNSPECIFIED)).toEqual(["uploaded"]);
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
  [{ pageToken: "x".repeat(4097) }, "page_token"],
  [{ prefix: "x".repeat(2001) }, "prefix"],
  [{ delimiter: "x".repeat(17) }, "delimiter"],
  [{ folder: "x".repeat(1025) }, "folder"],
  [{ kind: 4 as FileKind }, "kind"],
  [{ category: 5 as FileCategory }, "category"],
  [{ contentType: "x".repeat(256) }, "content_type"],
])("InvalidArgument: ListFiles with %o", async (request, field) => {
  expect(await failureOf(listFiles(principal(), request))).toEqual({
    code: "InvalidArgument",
    fields: [field],
  });
});

/** Files by their folders and names, in two namespaces of a new organisation. */
async function tree(...paths: string[]): Promise<Principal> {
  const who = principal();
  for (const path of paths) {
    const cut = path.lastIndexOf("/") + 1;
    await upload(storage(), who, { folder: path.slice(0, cut), name: path.slice(cut) });
  }
  return who;
}

/** All pages of a list with a delimiter. */
async function walk(who: Principal, request: MessageInitShape<typeof ListFilesRequestSchema>) {
  const found: string[][] = [];
  let pageToken = "";
  do {
    const { files, prefixes, nextPageToken } = await listFiles(who, { ...request, pageToken });
    found.push([...files.map(({ folder, name }) => `${folder}${name}`), ...prefixes]);
    pageToken = nextPageToken;
  } while (pageToken !== "");
  return found;
}

test("OK: ListFiles with a delimiter has what longer names have in common, each once, page by page", async () => {
  const who = await tree(
    "a/1",
    "a/2",
    "a/b/3",
    "b",
    "b/4",
    "b/4",
    "c\u{10ffff}/5",
    "c\u{10ffff}\u{10ffff}/6",
    "d",
  );
  await upload(storage(), principal(), { folder: "foreign/" });
  expect(await walk(who, { delimiter: "/" })).toEqual([
    ["b", "d", "a/", "b/", "c\u{10ffff}/", "c\u{10ffff}\u{10ffff}/"],
  ]);
  expect(await walk(who, { delimiter: "/", pageSize: 1 })).toEqual([
    ["a/"],
    ["b"],
    ["b/"],
    ["c\u{10ffff}/"],
    ["c\u{10ffff}\u{10ffff}/"],
    ["d"],
  ]);
  expect(await walk(who, { delimiter: "/", prefix: "a/" })).toEqual([["a/1", "a/2", "a/b/"]]);
  expect(await walk(who, { delimiter: "/", prefix: "b/", pageSize: 1 })).toEqual([["b/4"], ["b/4"]]);
  expect(await walk(who, { delimiter: "/", prefix: "b" })).toEqual([["b", "b/"]]);
  expect(await walk(who, { delimiter: "/4", prefix: "b" })).toEqual([["b", "b/4"]]);
  expect(await walk(who, { delimiter: "/", prefix: "x" })).toEqual([[]]);
});

test("OK: ListFiles with a delimiter sees the caller's namespaces only, merged in one order", async () => {
  const who = await tree("a/1", "c", "e/2");
  await storage().database.sql`
    insert into storage.files (file_id, org_id, namespace, folder, name, content_type, size_bytes, sha256, creator_user_id)
    select gen_random_uuid(), org_id, place, folder, name || place, content_type, 0, sha256, creator_user_id
    from storage.files cross join unnest(array['lab', 'other']) as place where org_id = ${who.orgId}`;
  await correctUsage(storage().database.sql);
  const grants = ["lab", "default"].map((namespace) => ({ namespace, roles: ["viewer"] }));
  const some = { ...who, roles: [], grants };
  expect(await walk(some, { delimiter: "/" })).toEqual([["c", "clab", "a/", "e/"]]);
  expect(await walk(some, { delimiter: "/", pageSize: 2 })).toEqual([
    ["c", "a/"],
    ["clab", "e/"],
  ]);
  expect(await walk(some, { delimiter: "/", prefix: "a/" })).toEqual([["a/1", "a/1lab"]]);
  expect(await walk(some, { delimiter: "/", namespace: "lab" })).toEqual([["clab", "a/", "e/"]]);
  expect(await walk(some, { delimiter: "/", namespace: "other" })).toEqual([[]]);
});

test("OK: ListFiles by folder, prefix of folder and name, kind, tags, properties and object name", async () => {
  const who = principal();
  const { objectName } = await upload(storage(), who, {
    folder: "a/b/",
    name: "1",
    kind: FileKind.DATA_SOURCE,
    tags: ["daily", "raw"],
    properties: { owner: "ada", "a.b": "1" },
  });
  await upload(storage(), who, { folder: "a/", name: "2", tags: ["raw"], properties: { owner: "grace" } });
  await upload(storage(), who, { name: "3" });
  for (const [request, names] of [
    [{ folder: "a/" }, ["2"]],
    [{ folder: "a/b/" }, ["1"]],
    [{ folder: "b/" }, []],
    [{ prefix: "a/" }, ["2", "1"]],
    [{ prefix: "a/b/1" }, ["1"]],
    [{ orderBy: "name" }, ["3", "2", "1"]],
    [{ orderBy: "name desc" }, ["1", "2", "3"]],
    [{ kind: FileKind.DATA_SOURCE }, ["1"]],
    [{ kind: FileKind.GENERAL }, ["3", "2"]],
    [{ filter: "kind = data_source" }, ["1"]],
    [{ filter: "tags:raw" }, ["2", "1"]],
    [{ filter: "tags:daily AND tags:raw" }, ["1"]],
    [{ filter: "tags:da" }, []],
    [{ filter: "properties.owner = ada" }, ["1"]],
    [{ filter: "properties.owner != ada" }, ["3", "2"]],
    [{ filter: 'properties.a.b = "1"' }, ["1"]],
    [{ filter: "properties:owner" }, ["2", "1"]],
    [{ filter: `object_name = "${objectName}"` }, ["1"]],
    [{ filter: 'folder = ""' }, ["3"]],
  ] as const) {
    const { files } = await listFiles(who, request);
    expect([request, files.map(({ name }) => name).sort()]).toEqual([request, [...names].sort()]);
  }
});

test.each([
  [{ filter: "properties = x" }, "12"],
  [{ filter: "properties.a:x" }, "13"],
  [{ filter: "name.a = x" }, "1"],
])("InvalidArgument: ListFiles with %o", async (request, position) => {
  expect(await failureOf(listFiles(principal(), request))).toMatchObject({
    reason: "FILTER_INVALID",
    metadata: { field: "filter", position },
  });
});

test.each([
  [{ orderBy: "name" }, "order_by"],
  [{ filter: "tags:a" }, "filter"],
  [{ contentType: "text/csv" }, "content_type"],
  [{ folder: "a/" }, "folder"],
  [{ kind: FileKind.GENERAL }, "kind"],
  [{ showTotal: true }, "show_total"],
])("InvalidArgument: ListFiles with a delimiter and %o", async (request, field) => {
  expect(await failureOf(listFiles(principal(), { ...request, delimiter: "/" }))).toEqual({
    code: "InvalidArgument",
    fields: [field],
  });
});

test("InvalidArgument: ListFiles with a delimiter and a page token of another prefix", async () => {
  const who = await tree("a", "b");
  const { nextPageToken: pageToken } = await listFiles(who, { delimiter: "/", pageSize: 1 });
  expect(await failureOf(listFiles(who, { delimiter: "/", prefix: "a", pageToken }))).toMatchObject({
    reason: "PAGE_TOKEN_INVALID",
  });
});

test("InvalidArgument: ListFiles with a text that no row can have", async () => {
  expect(await failureOf(listFiles(principal(), { prefix: "\0" }))).toEqual({ code: "InvalidArgument" });
});

test("PermissionDenied: somebody without a role", async () => {
  expect(await failureOf(listFiles(principal({ roles: [] })))).toEqual(lacking("storage.files.read"));
});
