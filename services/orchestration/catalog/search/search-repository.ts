import { and, eq, type SQL, sql } from "drizzle-orm";
import type { Db } from "../../../lib/database/database.ts";
import { within } from "../../../lib/database/scope.ts";
import type { Scope } from "../../../lib/rpc/guard.ts";
import { tableSearch } from "../catalog-schema.ts";
import { filterLexeme, quoteLexeme } from "./lexemes.ts";
import type { SearchQuery } from "./search-query.ts";

/** Matches that are ranked and counted. The contract states it, too. */
const matchesMax = 2000;
/** Values of one facet. */
const facetValuesMax = 20;

/** Empty fields select everything. */
type SearchFilter = {
  readonly sourceId: string;
  readonly schemaName: string;
  readonly tags: readonly string[];
  readonly owner: string;
  readonly piiClass: string;
};

/** Values of a match in the order of matches: rank, length and words of the name, id. */
export type SearchCursor = readonly [string, string, string, string];

export type SearchRequest = {
  /** Undefined for all tables. */
  readonly query: SearchQuery | undefined;
  /** A tsquery of similar words; undefined if they are not searched. */
  readonly similar: string | undefined;
  readonly filter: SearchFilter;
  readonly pageSize: number;
  readonly after: SearchCursor | undefined;
};

type Facet = readonly { readonly value: string; readonly count: number }[];

export type SearchResult = {
  /** One more than `pageSize` if there is another page. */
  readonly page: readonly {
    readonly tableId: string;
    /** From 1, as the contract's MatchKind; 0 without a query. */
    readonly rank: number;
    readonly length: number;
    readonly nameKey: string;
  }[];
  readonly facets: Readonly<Record<"sources" | "schemas" | "tags" | "owners" | "piiClasses", Facet>>;
  readonly totalSize: number;
  readonly totalSizeExceeded: boolean;
};

/**
 * The best matches. Each kind of match is a scan of its own, which leaves out what better kinds have found and begins only if
 * those have found too few: words that are everywhere cost no more than others.
 */
export async function searchTables(
  db: Db,
  scope: Scope,
  { query, similar, filter, pageSize, after }: SearchRequest,
): Promise<SearchResult> {
  const selected = and(within(scope, tableSearch), filterCondition(scope, filter));
  const matches = query ? rankedMatches(selected, query, similar) : allMatches(selected);
  const order = sql`rank, length, name_key collate "C", table_id`;
  const rest = after
    ? sql`where (rank, length, name_key collate "C", table_id)
        > (${after[0]}::int, ${after[1]}::int, ${after[2]}::text, ${after[3]}::uuid)`
    : sql``;
  const [row] = await db.execute<{ result: SearchResult }>(sql`
    with found as materialized (${matches})
    , best as materialized (select * from found order by ${order} limit ${matchesMax}::int)
    select json_build_object(
      'page', (select coalesce(json_agg(json_build_object('tableId', table_id, 'rank', rank, 'length', length
          , 'nameKey', name_key) order by ${order}), '[]')
        from (select * from best ${rest} order by ${order} limit ${pageSize + 1}::int) as page),
      'facets', json_build_object(
        'sources', ${facet(sql`select source_id::text as value from best`)},
        'schemas', ${facet(sql`select schema_name as value from best where schema_name <> ''`)},
        'tags', ${facet(sql`select unnest(tags) as value from best`)},
        'owners', ${facet(sql`select owner as value from best where owner <> ''`)},
        'piiClasses', ${facet(sql`select unnest(pii_classes) as value from best`)}),
      'totalSize', (select count(*) from best),
      'totalSizeExceeded', (select count(*) from found) > ${matchesMax}::int) as result`);
  if (!row) throw new Error("a search has no result");
  return row.result;
}

const facet = (values: SQL): SQL => sql`(
  select coalesce(json_agg(json_build_object('value', value, 'count', count)), '[]')
  from (select value, count(*) as count from (${values}) as given group by value
    order by count desc, value collate "C" limit ${facetValuesMax}::int) as counted)`;

const columns = sql`table_id, name_key, source_id, schema_name, tags, owner, pii_classes`;

function rankedMatches(selected: SQL | undefined, query: SearchQuery, similar: string | undefined): SQL {
  const { key, name, nameWords, part, allWords, prefixes } = query;
  // U+10FFFF is greater than every other character.
  const begins = sql`(name_key collate "C" >= ${key}::text and name_key collate "C" < ${`${key}\u{10ffff}`}::text)`;
  const conditions = [
    lexemesMatch(name),
    begins,
    lexemesMatch(nameWords),
    lexemesMatch(part),
    lexemesMatch(allWords),
    lexemesMatch(prefixes),
    lexemesMatch(similar),
  ];
  const scans = conditions.flatMap((condition, index) => {
    if (!condition) return [];
    const better = conditions.slice(0, index).flatMap((each) => (each ? [sql`and not ${each}`] : []));
    return [
      sql`(select ${index + 1}::int as rank, char_length(name_key) as length, ${columns} from ${tableSearch}
        where ${selected} and ${condition} ${sql.join(better, sql` `)})`,
    ];
  });
  return sql`select * from (${sql.join(scans, sql` union all `)}) as scans limit ${matchesMax + 1}::int`;
}

/** The first tables in the order of their names. */
const allMatches = (selected: SQL | undefined): SQL => sql`
  select 0 as rank, 0 as length, ${columns} from ${tableSearch} where ${selected}
  order by name_key collate "C", table_id limit ${matchesMax + 1}::int`;

const lexemesMatch = (query: string | undefined): SQL | undefined =>
  query === undefined ? undefined : sql`lexemes @@ ${query}::tsquery`;

/** Each filter twice: its lexeme finds the rows in the index, and the column is exact. */
function filterCondition(scope: Scope, { sourceId, schemaName, tags, owner, piiClass }: SearchFilter) {
  const { orgId, namespaces } = scope;
  const one = (kind: Parameters<typeof filterLexeme>[1], value: string): string[] =>
    value === "" ? [] : [quoteLexeme(filterLexeme(orgId, kind, value))];
  const ofNamespaces = namespaces === "all" ? [] : [namespaces.flatMap((name) => one("a", name)).join(" | ")];
  const terms = [
    ...one("s", sourceId),
    ...one("h", schemaName),
    ...tags.flatMap((tag) => one("t", tag)),
    ...one("o", owner),
    ...one("p", piiClass),
    ...ofNamespaces.filter((term) => term !== "").map((term) => `(${term})`),
  ];
  return and(
    terms.length === 0 ? undefined : lexemesMatch(terms.join(" & ")),
    sourceId === "" ? undefined : eq(tableSearch.sourceId, sourceId),
    schemaName === "" ? undefined : eq(tableSearch.schemaName, schemaName),
    tags.length === 0
      ? undefined
      : sql`tags @> array(select jsonb_array_elements_text(${JSON.stringify(tags)}::text::jsonb))`,
    owner === "" ? undefined : eq(tableSearch.owner, owner),
    piiClass === "" ? undefined : sql`pii_classes @> array[${piiClass}::text]`,
  );
}
