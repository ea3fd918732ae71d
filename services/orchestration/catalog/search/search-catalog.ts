import { sql } from "drizzle-orm";
import type { SearchCatalogRequest } from "../../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import type { Db } from "../../../lib/database/database.ts";
import { idField, integerField, textField } from "../../../lib/list/fields.ts";
import { digestRequest, readToken, writeToken } from "../../../lib/list/page-token.ts";
import { invalidField } from "../../../lib/rpc/errors.ts";
import type { Scope } from "../../../lib/rpc/guard.ts";
import { listTablesById, type TableRow } from "../../table-repository.ts";
import { queryWordsMax, searchQuery, similarQuery } from "./search-query.ts";
import {
  type SearchCursor,
  type SearchRequest,
  type SearchResult,
  searchTables,
} from "./search-repository.ts";
import { findSimilarWords } from "./similar-words.ts";
import { wordsOf } from "./words.ts";

const pageSizeDefault = 20;
/** Fewer matches than these bring in similar words. The contract states it, too. */
const matchesMin = 10;
/** Names of columns in one match. */
const matchedColumnsMax = 20;

const cursorFields = [
  integerField(sql`rank`),
  integerField(sql`length`),
  textField(sql`name_key`),
  idField(sql`table_id`),
];

export type CatalogPage = Pick<SearchResult, "facets" | "totalSize" | "totalSizeExceeded"> & {
  readonly matches: readonly {
    readonly row: TableRow;
    readonly rank: number;
    readonly matchedColumns: readonly string[];
  }[];
  readonly nextPageToken: string;
};

/** A page of the best matches. InvalidArgument (PAGE_TOKEN_INVALID). */
export async function searchCatalog(
  db: Db,
  scope: Scope,
  request: SearchCatalogRequest,
  piiClass: string,
): Promise<CatalogPage> {
  const digest = digestRequest(request);
  const pageSize = request.pageSize || pageSizeDefault;
  const after = request.pageToken
    ? (readToken(request.pageToken, digest, cursorFields) as unknown as SearchCursor)
    : undefined;
  const text = request.query.trim();
  const query = text === "" ? undefined : searchQuery(scope.orgId, text);
  if (query && query.words.length > queryWordsMax) throw tooManyWords(query.words.length);
  const { sourceId, schemaName, tags, owner } = request;
  const search = {
    query,
    similar: undefined,
    filter: { sourceId, schemaName, tags, owner, piiClass },
    pageSize,
    after,
  };
  const { result, words } = await searchWithErrors(db, scope, search);
  const page = result.page.slice(0, pageSize);
  const last = result.page.length > pageSize ? page.at(-1) : undefined;
  const rows = await listTablesById(
    db,
    scope,
    page.map(({ tableId }) => tableId),
  );
  const rowById = new Map(rows.map((row) => [row.tableId, row]));
  return {
    ...result,
    // A table that was deleted since the search is left out.
    matches: page.flatMap(({ tableId, rank }) => {
      const row = rowById.get(tableId);
      return row ? [{ row, rank, matchedColumns: matchedColumns(row, words) }] : [];
    }),
    nextPageToken: last
      ? writeToken([String(last.rank), String(last.length), last.nameKey, last.tableId], digest)
      : "",
  };
}

/** Searches similar words, too, if the words themselves find few tables. */
async function searchWithErrors(db: Db, scope: Scope, search: SearchRequest) {
  const result = await searchTables(db, scope, search);
  const words = search.query?.words ?? [];
  if (words.length === 0 || result.totalSize >= matchesMin) return { result, words };
  const found = await findSimilarWords(db, scope.orgId, words);
  const similar = similarQuery(scope.orgId, words, found);
  if (similar === undefined) return { result, words };
  return {
    result: await searchTables(db, scope, { ...search, similar }),
    words: [...words, ...[...found.values()].flat()],
  };
}

/** Columns that have one of the words, or a word that begins with one. */
function matchedColumns({ columns }: TableRow, words: readonly string[]): string[] {
  if (words.length === 0) return [];
  const matches = (name: string) =>
    wordsOf(name).some((word) => words.some((searched) => word.startsWith(searched)));
  const names: string[] = [];
  for (const { name } of columns) {
    if (names.length === matchedColumnsMax) break;
    if (matches(name)) names.push(name);
  }
  return names;
}

const tooManyWords = (count: number) =>
  invalidField("query", `has ${count} words, where at most ${queryWordsMax} are searched`);
