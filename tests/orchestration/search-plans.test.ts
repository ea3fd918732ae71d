import { randomUUID } from "node:crypto";
import { drizzle } from "drizzle-orm/postgres-js";
import { expect, test } from "vitest";
import type { Scope } from "../../services/lib/rpc/guard.ts";
import { searchQuery } from "../../services/orchestration/catalog/search/search-query.ts";
import {
  type SearchRequest,
  searchTables,
} from "../../services/orchestration/catalog/search/search-repository.ts";
import { forFile } from "../lib/for-file.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { principal } from "../lib/test-mesh.ts";
import { addTables } from "./many-tables.ts";

const database = forFile(createTestDatabase);

const tableCount = 20_000;
type SearchFilter = SearchRequest["filter"];

const everything: SearchFilter = { sourceId: "", schemaName: "", tags: [], owner: "", piiClass: "" };

type Node = { "Node Type": string; "Relation Name"?: string; "Actual Rows": number; Plans?: Node[] };

/** The scans of `table_search` that read more rows than matches are ranked. */
function largeScans(node: Node): string[] {
  const isLarge = node["Relation Name"] === "table_search" && node["Actual Rows"] > 2001;
  const isSequential = node["Node Type"] === "Seq Scan";
  return [
    ...(node["Relation Name"] === "table_search" && (isLarge || isSequential)
      ? [`${node["Node Type"]} of ${node["Actual Rows"]} rows`]
      : []),
    ...(node.Plans ?? []).flatMap(largeScans),
  ];
}

test("OK: words that few tables have are found in an index, in each organisation and namespace", async () => {
  const who = principal();
  const scope: Scope = { orgId: who.orgId, namespaces: "all", principal: who };
  const { sql } = database();
  const sourceId = randomUUID();
  await addTables(drizzle({ client: sql }), who.orgId, sourceId, tableCount);
  await sql`vacuum analyze orchestration.table_search`;
  const statements: { query: string; params: unknown[] }[] = [];
  const logger = { logQuery: (query: string, params: unknown[]) => void statements.push({ query, params }) };
  const db = drizzle({ client: sql, logger });
  const search = async (
    text: string,
    options: Partial<{ scope: Scope; filter: Partial<SearchFilter> }> = {},
  ) => {
    const { totalSize, totalSizeExceeded } = await searchTables(db, options.scope ?? scope, {
      query: text === "" ? undefined : searchQuery(scope.orgId, text),
      similar: undefined,
      filter: { ...everything, ...options.filter },
      pageSize: 20,
      after: undefined,
    });
    return [totalSize, totalSizeExceeded];
  };
  const other: Scope = { ...scope, orgId: randomUUID() };
  // 20 have the word in a column, one of them in its name, too; nine more have longer numbers.
  expect(await search("table 777")).toEqual([29, false]);
  expect(await search("zzz")).toEqual([0, false]);
  expect(await search("id", { filter: { tags: ["rare1"] } })).toEqual([400, false]);
  expect(await search("id", { filter: { owner: "nobody" } })).toEqual([0, false]);
  expect(await search("", { filter: { tags: ["rare1"] } })).toEqual([400, false]);
  expect(await search("id", { scope: { ...scope, namespaces: ["elsewhere"] } })).toEqual([0, false]);
  expect(await search("id", { scope: other })).toEqual([0, false]);
  const plans = [];
  for (const { query, params } of statements) {
    const [row] = await sql.unsafe(`explain (analyze, timing off, format json) ${query}`, params as string[]);
    plans.push(largeScans(row?.["QUERY PLAN"][0].Plan));
  }
  expect(plans).toEqual(statements.map(() => []));
  expect(await search("id")).toEqual([2000, true]);
}, 120_000);
