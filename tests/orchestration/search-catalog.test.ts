import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import {
  MatchKind,
  PiiClass,
  type SearchCatalogRequestSchema,
} from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { run } from "../../services/orchestration/run.ts";
import { forFile } from "../lib/for-file.ts";
import { startService, temporaryFolder } from "../lib/test-mesh.ts";
import { only } from "../storage/namespaces.ts";
import { createCatalogSource, tableNamed } from "./catalog-sources.ts";
import { startForeignDatabase } from "./foreign-database.ts";
import { configOf, discoverTable, failureOf, startOrchestration, type User } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);

/** A shop's tables. */
async function shop(user: User) {
  const source = await createCatalogSource(
    mesh(),
    user,
    foreign(),
    `create table {s}.orders (id int, total int, "customerId" int);
     create table {s}.orders_archive (id int);
     create table {s}.old_orders (id int);
     create table {s}."OrderItems" (id int, orders int);
     create table {s}.customers (id int, "e-mail" text, "größe" text);
     create table {s}."📦 ""odd"" it's" (id int);
     create table {s}.invoices (number int);
     comment on table {s}.invoices is 'Bills for paid orders, overdue or not';
     comment on column {s}.invoices.number is 'Zahlungsnummer'`,
  );
  const { added } = await source.discover();
  const idOf = (name: string) => tableNamed(added, name).tableId;
  const search = async (query: string, rest = {}) =>
    (await user.catalog.searchCatalog({ query, ...rest })).matches.map(({ table, kind }) => [
      table?.name,
      kind,
    ]);
  return { ...source, idOf, search };
}

const { NAME, NAME_PREFIX, NAME_WORDS, PART, WORDS, WORD_PREFIX, TYPO } = MatchKind;

test("OK: the exact name comes first, then beginnings, words of names, columns, other words, and errors", async () => {
  const user = mesh().user();
  const { search } = await shop(user);
  expect(await search("orders")).toEqual([
    ["orders", NAME],
    ["orders_archive", NAME_PREFIX],
    ["old_orders", NAME_WORDS],
    ["OrderItems", PART],
    ["invoices", WORDS],
  ]);
  expect(await search("ord")).toEqual([
    ["orders", NAME_PREFIX],
    ["OrderItems", NAME_PREFIX],
    ["orders_archive", NAME_PREFIX],
    ["invoices", WORD_PREFIX],
    ["old_orders", WORD_PREFIX],
  ]);
  expect(await search("custmoers")).toEqual([["customers", TYPO]]);
  expect(await search("archvie odrers")).toEqual([["orders_archive", TYPO]]);
});

test.each([
  ["order_items", ["OrderItems", NAME]],
  ["Order Items", ["OrderItems", NAME]],
  ["orderitems", ["OrderItems", NAME]],
  ["items order", ["OrderItems", NAME_WORDS]],
  ["customer_id", ["orders", PART]],
  ["E-MAIL", ["customers", PART]],
  ["grosse", ["customers", PART]],
  ["GRÖSSE", ["customers", PART]],
  ["zahlungs", ["invoices", WORD_PREFIX]],
  ["overdue bills", ["invoices", WORDS]],
  ["📦", ['📦 "odd" it\'s', NAME_PREFIX]],
  ['📦 "odd" it\'s', ['📦 "odd" it\'s', NAME]],
])("OK: %j finds what it means", async (query, first) => {
  const user = mesh().user();
  const { search } = await shop(user);
  expect((await search(query))[0]).toEqual(first);
});

test("OK: all words have to be there, and the schema's name is one", async () => {
  const user = mesh().user();
  const { search, schema } = await shop(user);
  expect(await search("orders nothing")).toEqual([]);
  expect((await search(`${schema}.orders`))[0]).toEqual(["orders", NAME]);
  expect((await search(`${schema} number`)).map(([name]) => name)).toEqual(["invoices"]);
});

test("OK: what users say is found, filtered by and counted", async () => {
  const user = mesh().user();
  const { sourceId, schema, idOf, search } = await shop(user);
  const columnAnnotations = {
    "e-mail": { description: "Postanschrift", tags: ["contact"], piiClass: PiiClass.DIRECT },
  };
  await user.catalog.updateTable({
    table: { tableId: idOf("customers"), tags: ["gold", "crm"], owner: "Sales", columnAnnotations },
  });
  await user.catalog.updateTable({
    table: { tableId: idOf("orders"), tags: ["gold"], description: "Purchases" },
  });
  expect(await search("purchases")).toEqual([["orders", WORDS]]);
  expect(await search("postanschrift")).toEqual([["customers", WORDS]]);
  expect(await search("gold")).toEqual([
    ["orders", PART],
    ["customers", PART],
    ["old_orders", TYPO],
  ]);
  expect(await search("", { tags: ["gold", "contact"] })).toMatchObject([
    ["customers", MatchKind.UNSPECIFIED],
  ]);
  expect(await search("id", { owner: "Sales" })).toMatchObject([["customers", PART]]);
  expect(await search("id", { owner: "sales" })).toEqual([]);
  expect(await search("", { piiClass: PiiClass.DIRECT })).toMatchObject([
    ["customers", MatchKind.UNSPECIFIED],
  ]);
  expect(await search("orders", { schemaName: "elsewhere" })).toEqual([]);
  const { facets, totalSize, totalSizeExceeded } = await user.catalog.searchCatalog({
    query: "id",
    sourceId,
  });
  expect([totalSize, totalSizeExceeded]).toEqual([6, false]);
  expect(facets).toMatchObject({
    sources: [{ value: sourceId, count: 6 }],
    schemas: [{ value: schema, count: 6 }],
    tags: [
      { value: "gold", count: 2 },
      { value: "contact", count: 1 },
      { value: "crm", count: 1 },
    ],
    owners: [{ value: "Sales", count: 1 }],
    piiClasses: [{ value: "DIRECT", count: 1 }],
  });
  await user.catalog.updateTable({
    table: { tableId: idOf("orders"), tags: [] },
    updateMask: { paths: ["tags", "description"] },
  });
  expect([await search("purchases"), await search("gold")]).toEqual([
    [],
    [
      ["customers", PART],
      ["old_orders", TYPO],
    ],
  ]);
});

test("OK: a match names the columns that have its words", async () => {
  const user = mesh().user();
  await shop(user);
  const { matches } = await user.catalog.searchCatalog({ query: "custom" });
  expect(matches.map(({ table, matchedColumns }) => [table?.name, matchedColumns])).toEqual([
    ["customers", []],
    ["orders", ["customerId"]],
  ]);
});

test("OK: pages have each match once, in the order of one page", async () => {
  const user = mesh().user();
  await shop(user);
  for (const query of ["id", "", "o"]) {
    const { matches, totalSize } = await user.catalog.searchCatalog({ query });
    const names: unknown[] = [];
    let pageToken = "";
    do {
      const page = await user.catalog.searchCatalog({ query, pageToken, pageSize: 2 });
      expect([page.totalSize, page.matches.length <= 2]).toEqual([totalSize, true]);
      names.push(...page.matches.map(({ table }) => table?.name));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(names).toEqual(matches.map(({ table }) => table?.name));
  }
});

test("OK: other organisations and namespaces are not found, not counted, and no similar words", async () => {
  const admin = mesh().user();
  const { sourceId } = await discoverTable(mesh(), admin, "wombats");
  const stranger = mesh().user();
  await discoverTable(mesh(), stranger, "other");
  const limited = mesh().user(only(admin.who, "here", "viewer"));
  const found = async (user: User, query: string, namespace = "") => {
    const { matches, totalSize, facets } = await user.catalog.searchCatalog({ query, namespace });
    return [matches.length, totalSize, facets?.sources.length];
  };
  for (const query of ["wombats", "wom", "womabts", ""]) {
    expect([query, await found(admin, query)]).toEqual([query, [1, 1, 1]]);
    expect([query, await found(limited, query)]).toEqual([query, [0, 0, 0]]);
    expect([query, await found(admin, query, "here")]).toEqual([query, [0, 0, 0]]);
    if (query !== "") expect([query, await found(stranger, query)]).toEqual([query, [0, 0, 0]]);
  }
  const foreign = await stranger.catalog.searchCatalog({ sourceId });
  expect([foreign.matches, foreign.totalSize]).toEqual([[], 0]);
  await admin.sources.moveSource({ sourceId, namespace: "here" });
  for (const query of ["wombats", "womabts", ""]) {
    expect([query, await found(limited, query)]).toEqual([query, [1, 1, 1]]);
    expect([query, await found(admin, query, "default")]).toEqual([query, [0, 0, 0]]);
  }
});

test("OK: tables of an earlier version are found after the start", async () => {
  const user = mesh().user();
  await discoverTable(mesh(), user, "earlier");
  const { sql } = mesh().database;
  await sql`delete from orchestration.table_search where org_id = ${user.who.orgId}`;
  await sql`delete from orchestration.search_words where org_id = ${user.who.orgId}`;
  expect((await user.catalog.searchCatalog({ query: "earlier" })).matches).toEqual([]);
  await using folder = await temporaryFolder();
  const config = configOf({
    databaseUrl: mesh().database.urls.orchestration,
    folder: folder.path,
    peers: mesh().peers,
  });
  await using _started = await startService(run, config);
  await expect
    .poll(async () => (await mesh().user(user.who).catalog.searchCatalog({ query: "eralier" })).totalSize, {
      timeout: 20_000,
    })
    .toBe(1);
});

test.each([
  ["' or 1=1; --", 0],
  ["a & b | !c:*", 0],
  ["\\'\\\\ <-> (", 0],
  ["%%%", 0],
  ["🏳️‍🌈", 0],
  ["\u202e\u200b\ufeff", 0],
  [" \t\n ", 1],
])("OK: the signs of %j are no operators", async (query, count) => {
  const user = mesh().user();
  await discoverTable(mesh(), user, "orders");
  expect((await user.catalog.searchCatalog({ query })).matches).toHaveLength(count);
});

test.each<[MessageInitShape<typeof SearchCatalogRequestSchema>, string[]]>([
  [{ query: "x".repeat(201) }, ["query"]],
  [{ query: "a b c d e f g h i j k" }, ["query"]],
  [{ query: "a\u0000" }, ["query"]],
  [{ pageSize: 1001 }, ["page_size"]],
  [{ sourceId: "x" }, ["source_id"]],
  [{ tags: [""] }, ["tags[0]"]],
  [{ piiClass: 9 as PiiClass }, ["pii_class"]],
])("InvalidArgument: SearchCatalog with %j", async (request, fields) => {
  expect(await failureOf(mesh().user().catalog.searchCatalog(request))).toMatchObject({
    code: Code.InvalidArgument,
    fields,
  });
});

test("InvalidArgument: SearchCatalog with the token of another search, and with one that is none", async () => {
  const user = mesh().user();
  await shop(user);
  const { nextPageToken: pageToken } = await user.catalog.searchCatalog({ query: "id", pageSize: 1 });
  for (const request of [
    { query: "id", tags: ["x"], pageToken },
    { query: "id", pageToken: "x" },
  ]) {
    expect(await failureOf(user.catalog.searchCatalog(request))).toMatchObject({
      code: Code.InvalidArgument,
      reason: "PAGE_TOKEN_INVALID",
    });
  }
});
