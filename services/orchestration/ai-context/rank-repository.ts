import { sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { within } from "../../lib/database/scope.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { tableSearch } from "../catalog/catalog-schema.ts";
import { quoteLexeme, wordLexeme } from "../catalog/search/lexemes.ts";
import { filterCondition } from "../catalog/search/search-repository.ts";
import type { QuestionWord } from "./question-words.ts";

/** Tables that a word finds in one way. One that more have says nothing about any. */
const matchesMax = 2000;

export type Ranked = { readonly tableId: string; readonly score: number };
export type RankFilter = { readonly sourceId: string; readonly schemaName: string };

type Term = { readonly word: number; readonly weight: number; readonly query: string };

/** The ways in which a word is found, best first, with their weights. */
function termsOf(orgId: string, words: readonly QuestionWord[]): Term[] {
  const any = (kind: "x" | "n" | "i" | "w", forms: readonly string[]) =>
    forms.map((form) => quoteLexeme(wordLexeme(orgId, kind, form))).join(" | ");
  return words.flatMap(({ forms, stem }, word) => [
    { word, weight: 8, query: any("x", forms) },
    { word, weight: 6, query: any("n", forms) },
    { word, weight: 4, query: any("i", forms) },
    { word, weight: 3, query: any("w", forms) },
    ...(stem === undefined
      ? []
      : [{ word, weight: 2, query: `${quoteLexeme(wordLexeme(orgId, "w", stem))}:*` }]),
  ]);
}

/**
 * The tables that have most of the words, best first. A table has a word by its best way; a rare word counts more. Scores are
 * integers, so that their sums do not depend on an order.
 */
export async function rankTables(
  db: Db,
  scope: Scope,
  words: readonly QuestionWord[],
  filter: RankFilter,
  limit: number,
): Promise<Ranked[]> {
  if (words.length === 0) return [];
  const condition = filterCondition(scope, { ...filter, tags: [], owner: "", piiClass: "" });
  const selected = sql`${within(scope, tableSearch)}${condition ? sql` and ${condition}` : sql``}`;
  const rows = await db.execute<{ table_id: string; score: string }>(sql`
    with terms as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(termsOf(scope.orgId, words))}::text::jsonb)
        as term (word int, weight int, query text))
    , found as materialized (
      select term.word, term.weight, hit.table_id, count(*) over (partition by term.word, term.weight) as hits
      from terms as term
      cross join lateral (
        select table_id from ${tableSearch} where ${selected} and lexemes @@ term.query::tsquery
        limit ${matchesMax + 1}::int
      ) as hit)
    , best as materialized (
      select word, table_id, max(weight) as weight from found where hits <= ${matchesMax}::int group by word, table_id)
    , frequency as (select word, count(*) as tables from best group by word)
    , size as (select count(*) as tables from (select from ${tableSearch} where ${selected} limit ${matchesMax}::int) as part)
    select table_id, sum(weight * round(1000 * ln(1 + size.tables::numeric / frequency.tables))::bigint)::text as score
    from best join frequency using (word) cross join size
    group by table_id order by sum(weight * round(1000 * ln(1 + size.tables::numeric / frequency.tables))::bigint) desc, table_id
    limit ${limit}::int`);
  return [...rows].map(({ table_id: tableId, score }) => ({ tableId, score: Number(score) }));
}
